import { copyFileSync, readFileSync, writeFileSync } from 'node:fs'
import type { Options } from 'tsup'
import manifest from './package.json' with { type: 'json' }
import type { Registration } from './src/frameworks/framework.ts'
import { registry } from './src/frameworks/index.ts'

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

/** Name, version and licence text of every package whose code a bundle holds, read off the bundle itself. */
function publishLicences(bundles: readonly string[]): void {
  const code = bundles.map((bundle) => readFileSync(bundle, 'utf8')).join('\n')
  const packages = new Set(
    [...code.matchAll(/^ *\/\/ node_modules\/((?:@[^/]+\/)?[^/]+)\//gm)].map(([, name]) => name!),
  )
  const notices = [...packages].toSorted().map((name) => {
    const { version, license } = JSON.parse(
      readFileSync(`node_modules/${name}/package.json`, 'utf8'),
    ) as Record<string, string>
    return `${name} ${version} (${license})\n\n${licenceText(name)}`
  })
  writeFileSync(
    'dist/LICENSES.txt',
    `Code of these packages is part of the files beside this one.\n\n${notices.join('\n\n')}\n`,
  )
}

function licenceText(name: string): string {
  for (const file of ['LICENSE', 'LICENSE.md', 'LICENSE.txt', 'license']) {
    try {
      return readFileSync(`node_modules/${name}/${file}`, 'utf8').trim()
    } catch {
      // The next spelling.
    }
  }
  throw new Error(`${name} is bundled, but has no licence file to publish`)
}

type Plugin = NonNullable<Options['esbuildPlugins']>[number]

/** Which frameworks' files are in a bundle. The others are never asked for there. */
function frameworksThat(belong: (registration: Registration) => boolean): Plugin {
  const left = new Set(
    registry.filter((registration) => !belong(registration)).map(({ name }) => `./${name}.ts`),
  )
  return {
    name: 'frameworks',
    setup: ({ onResolve }) =>
      onResolve({ filter: /^\.\/[\w-]+\.ts$/ }, ({ path, kind }) =>
        kind === 'require-call' && left.has(path) ? { path, external: true } : undefined,
      ),
  }
}

const BUNDLES = ['preload', 'deferred', 'frameworks'] as const
/** They are built at the same time. */
const unbuilt = new Set<string>(BUNDLES)

function publish(): void {
  publishTypes()
  publishLicences(BUNDLES.map((name) => `dist/${name}.cjs`))
  for (const door of ['client.cjs', 'client.mjs']) copyFileSync(`src/${door}`, `dist/${door}`)
}

function bundle(name: (typeof BUNDLES)[number], source: string, plugin: Plugin): Options {
  return {
    ...shared,
    entry: { [name]: source },
    noExternal: [/^(?!\.\/(?:deferred|frameworks)\.cjs$)/],
    external: BUNDLES.map((other) => `./${other}.cjs`),
    esbuildPlugins: [plugin],
    esbuildOptions: (options) => {
      // require-in-the-middle logs through debug, which would write to the application's stderr under DEBUG=*.
      options.alias = { debug: './src/loader/silent-debug.cjs' }
    },
    onSuccess: async () => {
      unbuilt.delete(name)
      if (unbuilt.size === 0) publish()
    },
  }
}

const config: Options[] = [
  // What every process reads, what only a process that serves does, and what only one with a framework that is patched.
  bundle(
    'preload',
    'src/preload.ts',
    frameworksThat(() => false),
  ),
  bundle(
    'deferred',
    'src/deferred.ts',
    frameworksThat(({ recognizes }) => recognizes === true),
  ),
  bundle(
    'frameworks',
    'src/frameworks/files.ts',
    frameworksThat(({ recognizes }) => recognizes !== true),
  ),
  {
    ...shared,
    format: 'esm',
    // Not `.js`: whoever copies the folder elsewhere takes no package.json along that says what it is.
    outExtension: () => ({ js: '.mjs' }),
    entry: { loader: 'src/loader/thread.ts' },
  },
  { ...shared, entry: { cli: 'src/cli/index.ts' }, noExternal: [/.*/] },
]

export default config
