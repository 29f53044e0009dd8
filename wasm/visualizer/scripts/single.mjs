// Makes one file of what Vite has built: node scripts/single.mjs DIST FILE
//
// Script and style go into the page, and its policy allows these two and nothing else, by their hashes.
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";

const [dist, file] = process.argv.slice(2);
const assets = join(dist, "assets");
const names = readdirSync(assets);

function only(extension) {
  const found = names.filter((name) => name.endsWith(extension));
  if (found.length !== 1) throw new Error(`one ${extension} was expected in ${assets}, not ${names}`);
  return readFileSync(join(assets, found[0]), "utf8");
}

const hash = (text) => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;
// What ends a script in HTML may stand in its strings.
const script = only(".js").replaceAll("</script", "<\\/script");
const style = only(".css");
if (names.length !== 2) throw new Error(`the page would miss some of ${names}`);

const policy = [
  "default-src 'none'",
  `script-src ${hash(script)} 'wasm-unsafe-eval'`,
  `style-src ${hash(style)}`,
  "img-src data:",
  "connect-src data:", // the module, which is inside
  "base-uri 'none'",
  "form-action 'none'",
].join("; ");

const page = readFileSync(join(dist, "index.html"), "utf8")
  .replace(/\s*<script type="module"[^>]*><\/script>/, "")
  .replace(/\s*<link rel="stylesheet"[^>]*>/, "")
  .replace("<head>", () => `<head>\n    <meta http-equiv="Content-Security-Policy" content="${policy}" />`)
  .replace("</head>", () => `  <style>${style}</style>\n  </head>`)
  .replace("</body>", () => `  <script type="module">${script}</script>\n  </body>`);
mkdirSync(dirname(file), { recursive: true });
writeFileSync(file, page);
console.log(`${file}: ${page.length} characters`);
