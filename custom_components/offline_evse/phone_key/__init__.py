"""The page that makes a phone's browser a key: Web Bluetooth to a reader puck, and no app."""
