import { existsSync, realpathSync } from 'node:fs'
import { dirname, join } from 'node:path'

/**
 * Whether one of these packages is installed where the application would find it: above its entry or its working
 * directory. A look at the disk, because there is nothing to observe without the hook that this decides on.
 */
export function isAnyInstalled(packages: readonly string[]): boolean {
  // Yarn's Plug'n'Play has no folder to look into.
  if (process.versions['pnp'] !== undefined) return true
  const folders = new Set([process.argv[1], process.env['pm_exec_path']].flatMap(entryFolders))
  folders.add(process.cwd())
  return [...new Set([...folders].flatMap(moduleFolders))].some((folder) =>
    packages.some((name) => existsSync(join(folder, name))),
  )
}

/** Commands in `.bin` are links, and so are deployed releases: both ends have packages beside them. */
function entryFolders(entry: string | undefined): string[] {
  if (entry === undefined) return []
  try {
    return [dirname(entry), dirname(realpathSync(entry))]
  } catch {
    // Node finds `app.js` by `node app` too.
    return [dirname(entry)]
  }
}

/** pnpm links only direct dependencies into `node_modules`; all others are below `.pnpm`. */
function moduleFolders(start: string): string[] {
  const found: string[] = []
  for (let folder = start, above = ''; folder !== above; folder = dirname((above = folder))) {
    const modules = join(folder, 'node_modules')
    if (existsSync(modules)) found.push(modules, join(modules, '.pnpm/node_modules'))
  }
  return found
}
