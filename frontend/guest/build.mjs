// Builds the guest page into the integration. The first line of the script names the sources that it was built from,
// so that a test can tell a bundle that was forgotten from one that is up to date, without building anything.
import { createHash } from "node:crypto";
import { copyFileSync, readFileSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const here = dirname(fileURLToPath(import.meta.url));
const component = join(here, "../../custom_components/offline_evse/guest");
const target = process.argv[2] ?? join(component, "page");

const sources = [join(here, "src"), join(component, "words")].flatMap((folder) =>
  readdirSync(folder)
    .sort()
    .map((name) => join(folder, name)),
);
const hash = createHash("sha256");
for (const source of sources) hash.update(readFileSync(source));

await build({
  entryPoints: [join(here, "src/main.ts")],
  outfile: join(target, "guest.js"),
  bundle: true,
  format: "iife",
  target: ["es2021", "safari15"],
  charset: "utf8",
  legalComments: "none",
  minifySyntax: true,
  minifyWhitespace: true,
  banner: { js: `// Built from frontend/guest; sources ${hash.digest("hex")}` },
});
for (const name of readdirSync(join(here, "static"))) copyFileSync(join(here, "static", name), join(target, name));
