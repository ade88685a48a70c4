// Bundles the front end: every src/**/*.page.ts and *.page.css is an entry of
// its own, every *.worker.ts a classic worker. Names carry a content hash, and
// dist/manifest.json maps the plain names to them ({% asset %} reads it).
import { readdir, rm, writeFile } from "node:fs/promises";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = path.dirname(fileURLToPath(import.meta.url));
const src = path.join(root, "src");
const dist = path.join(root, "dist");

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
          path: path.join(path.dirname(root), "node_modules", request.path) +
            (/\.(js|css)$/.test(request.path) ? "" : ".js"),
        }));
      },
    },
  ],
};

await rm(dist, { recursive: true, force: true });
const results = await Promise.all([
  build({ ...shared, entryPoints: pages.map((n) => path.join(src, n)), format: "esm", splitting: true }),
  build({ ...shared, entryPoints: workers.map((n) => path.join(src, n)), format: "iife" }),
]);
const manifest = {};
for (const { metafile } of results) {
  for (const [file, output] of Object.entries(metafile.outputs)) {
    if (!output.entryPoint) continue;
    const plain = path.relative(src, path.join(path.dirname(root), output.entryPoint));
    manifest[plain.replace(/\.ts$/, ".js")] = path.relative(dist, path.join(path.dirname(root), file));
    if (output.cssBundle) {
      const css = path.relative(dist, path.join(path.dirname(root), output.cssBundle));
      manifest[plain.replace(/\.ts$/, ".css")] = css;
    }
  }
}
await writeFile(path.join(dist, "manifest.json"), JSON.stringify(manifest, null, 1));
