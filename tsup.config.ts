import { copyFileSync, readFileSync, writeFileSync } from 'node:fs'
import type { Options } from 'tsup'
import manifest from './package.json' with { type: 'json' }

const shared: Options = {
  format: 'cjs',
  platform: 'node',
  target: 'node20',
  splitting: false,
  sourcemap: false,
  silent: true,
  define: { PEEKAPI_VERSION: JSON.stringify(manifest.version) },
}

/** `src/types` compiled once; both module systems get their own copy, as package.json's `exports` promises. */
function publishTypes(): void {
  for (const extension of ['mts', 'cts']) {
    for (const name of ['client', 'index']) {
      const declarations = readFileSync(`dist/types/${name}.d.ts`, 'utf8')
      const runtime = extension.replace('ts', 'js')
      writeFileSync(
        `dist/${name}.d.${extension}`,
        declarations.replaceAll("'./client.ts'", `'./client.${runtime}'`),
      )
    }
  }
}

const config: Options[] = [
  {
    ...shared,
    entry: { preload: 'src/preload.ts' },
    // One file: read, compiled and permitted (`--permission`) at once. What it does not need yet
    // stays an unrun function in it, see preload.ts.
    noExternal: [/.*/],
    minifySyntax: true,
    esbuildOptions: (options) => {
      // require-in-the-middle logs through debug, which would write to the application's stderr under DEBUG=*.
      options.alias = { debug: './src/loader/silent-debug.cjs' }
    },
    onSuccess: async () => {
      publishTypes()
      for (const door of ['client.cjs', 'client.mjs']) copyFileSync(`src/${door}`, `dist/${door}`)
    },
  },
  { ...shared, entry: { cli: 'src/cli/index.ts' } },
]

export default config
