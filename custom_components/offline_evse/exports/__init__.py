"""Records as files: where they are put, when, and who may fetch them."""
