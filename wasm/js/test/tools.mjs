// What the tests need besides the installed package. They run in a folder of their own, where the packed file is
// installed, so that nothing of the source tree can help it.
import { execFile } from "node:child_process";
import { createReadStream, existsSync, readFileSync, statSync } from "node:fs";
import http from "node:http";
import { createRequire } from "node:module";
import { dirname, extname, join, normalize } from "node:path";
import { pathToFileURL, fileURLToPath } from "node:url";
import { promisify } from "node:util";

export const here = dirname(fileURLToPath(import.meta.url));
export const installed = join(here, "node_modules/raftbare");
export const packed = process.env.RAFTBARE_PACKED;
export const scenarios = join(process.env.RAFTBARE_ROOT, "tests/scenarios");
const js = process.env.RAFTBARE_JS;
const require = createRequire(join(js, "package.json"));

/** A development dependency, of whichever kind of module it is. */
export async function tool(name) {
  const module = await import(pathToFileURL(require.resolve(name)));
  return { ...module.default, ...module };
}

/** Runs the program of a development dependency; resolves to its exit code and output. */
export async function run(dependency, name, ...args) {
  const manifest = require.resolve(`${dependency}/package.json`);
  const { bin } = JSON.parse(readFileSync(manifest, "utf8"));
  const program = join(dirname(manifest), typeof bin === "string" ? bin : bin[name]);
  try {
    const { stdout, stderr } = await promisify(execFile)(process.execPath, [program, ...args], { cwd: here });
    return { code: 0, output: stdout + stderr };
  } catch (error) {
    return { code: error.code, output: `${error.stdout}${error.stderr}` };
  }
}

/** The folder of the type declarations of node, for the compiler. */
export const typeRoots = join(js, "node_modules/@types");

/** The code blocks of the packed README, in order. */
export function snippets(language) {
  const readme = readFileSync(join(installed, "README.md"), "utf8");
  return [...readme.matchAll(/^```(\w+)\n([^]*?)^```$/gm)].filter(([, of]) => of === language).map(([, , code]) => code);
}

const TYPES = { ".html": "text/html", ".js": "text/javascript", ".mjs": "text/javascript", ".wasm": "application/wasm" };

/** Serves a folder to a test, with a Content Security Policy if there is one. `pages` are files that are not on disk. */
export async function serve(test, folder, { csp, pages = {} } = {}) {
  const server = http.createServer((request, response) => {
    const path = normalize(decodeURIComponent(new URL(request.url, "http://localhost").pathname));
    const file = join(folder, path);
    const headers = { "content-type": TYPES[extname(path)] ?? "application/octet-stream" };
    if (csp !== undefined) headers["content-security-policy"] = csp;
    if (path in pages) return response.writeHead(200, headers).end(pages[path]);
    if (!existsSync(file) || statSync(file).isDirectory()) return response.writeHead(404).end();
    response.writeHead(200, headers);
    createReadStream(file).pipe(response);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  test.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${server.address().port}`;
}

/** A cluster in memory: what every test begins with. */
export function cluster(Node, ids = [1n, 2n, 3n]) {
  const nodes = new Map(ids.map((id) => [id, Node.start(id)]));
  const network = [];
  const run = () => {
    for (;;) {
      for (const node of nodes.values()) {
        for (const action of node.drainActions()) {
          if (action.type === "broadcastMessage") network.push(...node.peers.map((to) => [to, action.message]));
          if (action.type === "sendMessage") network.push([action.to, action.message]);
        }
      }
      const next = network.shift();
      if (next === undefined) return;
      nodes.get(next[0])?.handleMessage(next[1]);
    }
  };
  const leader = nodes.get(ids[0]);
  leader.createCluster(ids);
  run();
  return { nodes, leader, run };
}
