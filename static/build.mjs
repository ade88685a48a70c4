// Bundles the front end: every src/**/*.page.ts and *.page.css is an entry of
// its own, every *.worker.ts a classic worker. Names carry a content hash, and
// dist/manifest.json maps the plain names to them ({% asset %} reads it).
import { readdir, readFile, realpath, rename, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import * as zlib from "node:zlib";
import { build } from "esbuild";

const gzip = promisify(zlib.gzip);

const root = path.dirname(fileURLToPath(import.meta.url));
const src = path.join(root, "src");
const dist = path.join(root, "dist");
// As esbuild names its files: under two names Monaco's modules would be there twice.
const modules = await realpath(path.join(path.dirname(root), "node_modules"));

const names = (await readdir(src, { recursive: true })).map((name) => name.replaceAll("\\", "/"));
const pages = names.filter((name) => /\.page\.(ts|css)$/.test(name));
const workers = names.filter((name) => name.endsWith(".worker.ts"));

const shared = {
  absWorkingDir: path.dirname(root),
  outdir: dist,
  outbase: src,
  bundle: true,
  minify: true,
  target: "es2022",
  metafile: true,
  entryNames: "[dir]/[name]-[hash]",
  chunkNames: "chunks/[name]-[hash]",
  assetNames: "assets/[name]-[hash]",
  loader: { ".ttf": "file", ".woff2": "file", ".svg": "file" },
  plugins: [
    {
      // Packages still import monaco-editor/esm/vs/..., which 0.57's exports map hides.
      name: "monaco-paths",
      setup(it) {
        it.onResolve({ filter: /^monaco-editor\/esm\/vs\// }, (request) => ({
          path: path.join(modules, request.path) +
            (/\.(js|css)$/.test(request.path) ? "" : ".js"),
        }));
        it.onResolve({ filter: /internal\/common\/workers\.js$/ }, () => ({
          path: path.join(src, "editor", "language-workers.ts"),
        }));
      },
    },
  ],
};

const outputOf = (file) => path.relative(dist, path.join(path.dirname(root), file));

const workerBuild = await build({
  ...shared, entryPoints: workers.map((n) => path.join(src, n)), format: "iife",
});
// The pages must know the workers' hashed names: {"editor": "editor/editor.worker-X.js", …}
const workerNames = Object.fromEntries(
  Object.entries(workerBuild.metafile.outputs)
    .filter(([, output]) => output.entryPoint)
    .map(([file, output]) => [path.basename(output.entryPoint, ".worker.ts"), outputOf(file)]),
);
const pageBuild = await build({
  ...shared,
  entryPoints: pages.map((n) => path.join(src, n)),
  format: "esm",
  splitting: true,
  define: { WORKERS: JSON.stringify(workerNames) },
});
const results = [workerBuild, pageBuild];
const manifest = {};
const written = new Set();
for (const { metafile } of results) {
  for (const [file, output] of Object.entries(metafile.outputs)) {
    written.add(outputOf(file));
    if (!output.entryPoint?.startsWith("static/src/")) continue;
    const plain = path.relative(src, path.join(path.dirname(root), output.entryPoint));
    if (!/\.(page|worker)\.(ts|css)$/.test(plain)) continue;
    manifest[plain.replace(/\.ts$/, ".js")] = outputOf(file);
    if (output.cssBundle) manifest[plain.replace(/\.ts$/, ".css")] = outputOf(output.cssBundle);
  }
}

// WhiteNoise sends the compressed copy that lies beside a file.
await Promise.all([...written].filter((name) => /\.(js|css|svg)$/.test(name)).map(async (name) => {
  const content = await readFile(path.join(dist, name));
  if (content.length > 1024) await writeFile(path.join(dist, `${name}.gz`), await gzip(content));
}));

// A server may be reading: the manifest changes in one step, and what an
// earlier build left goes last.
await writeFile(path.join(dist, "manifest.json.new"), JSON.stringify(manifest, null, 1));
await rename(path.join(dist, "manifest.json.new"), path.join(dist, "manifest.json"));
for (const entry of await readdir(dist, { recursive: true, withFileTypes: true })) {
  const file = path.join(entry.parentPath, entry.name);
  const name = path.relative(dist, file);
  if (entry.isFile() && name !== "manifest.json" && !written.has(name.replace(/\.gz$/, ""))) {
    await rm(file, { force: true });
  }
}
