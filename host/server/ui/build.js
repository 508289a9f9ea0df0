// Builds the assets into the directory that the first argument names.
import { copyFile, readFile, readdir, rm, mkdir, writeFile } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';
import path from 'node:path';
import { build } from 'esbuild';

const here = import.meta.dirname;
const out = path.resolve(process.argv[2] ?? path.join(here, 'dist'));
/** The most bytes of each file after gzip. */
const BUDGETS = { 'app.js': 30_000, 'app.css': 12_000, 'theme.js': 1_000, 'editor.js': 140_000 };

/** Makes the rule of the dark theme a second time, for users whose system asks for it. */
const themes = {
  name: 'themes',
  setup: (/** @type {import('esbuild').PluginBuild} */ building) =>
    building.onLoad({ filter: /tokens\.css$/ }, async ({ path: file }) => {
      const css = await readFile(file, 'utf8');
      const [rule, body] = css.match(/^:root\[data-theme='dark'\] (\{[^}]*\})/m) ?? [];
      if (!rule) throw new Error(`${file} has no rule for the dark theme`);
      const asked = `@media (prefers-color-scheme: dark) { :root:not([data-theme='light']) ${body} }`;
      return { contents: css.replace(rule, `${asked}\n${rule}`), loader: 'css' };
    }),
};

await rm(out, { recursive: true, force: true });
await mkdir(out, { recursive: true });
process.chdir(here);
const { metafile } = await build({
  entryPoints: ['src/app.js', 'src/theme.js', 'src/editor.js', 'src/app.css'],
  outdir: out,
  bundle: true,
  minify: true,
  format: 'iife',
  target: ['es2022', 'chrome120', 'firefox121', 'safari17.4'],
  legalComments: 'none',
  charset: 'ascii',
  lineLimit: 160,
  metafile: true,
  plugins: [themes],
  logLevel: 'warning',
});
await copyFile('src/icon.svg', path.join(out, 'icon.svg'));
await writeFile(path.join(out, 'licenses.txt'), await licenses(Object.keys(metafile.inputs)));
for (const [name, budget] of Object.entries(BUDGETS)) {
  const bytes = gzipSync(await readFile(path.join(out, name)), { level: 9 }).length;
  console.log(`${name}: ${bytes} bytes after gzip`);
  if (bytes > budget) throw new Error(`${name} has ${bytes} bytes after gzip; its budget is ${budget}`);
}

/**
 * Returns the licence texts of the packages that the inputs of the bundles belong to.
 * @param {string[]} inputs
 */
async function licenses(inputs) {
  const names = inputs.map((input) => input.match(/^node_modules\/((?:@[^/]+\/)?[^/]+)\//)?.[1]);
  const packages = [...new Set(names.filter((name) => name !== undefined))].sort();
  const texts = await Promise.all(packages.map(license));
  return `The web UI contains the following packages.\n\n${texts.join('\n')}`;
}

/** @param {string} name */
async function license(name) {
  const directory = path.join('node_modules', name);
  const { version, license } = JSON.parse(await readFile(path.join(directory, 'package.json'), 'utf8'));
  const file = (await readdir(directory)).find((entry) => /^licen[cs]e(\.\w+)?$/i.test(entry));
  if (!file) throw new Error(`${name} has no file with its licence`);
  const text = (await readFile(path.join(directory, file), 'utf8')).replaceAll('\r\n', '\n').trim();
  return `${'='.repeat(80)}\n${name} ${version} (${license})\n${'='.repeat(80)}\n${text}\n`;
}
