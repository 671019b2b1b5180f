import { existsSync, readFileSync, realpathSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { isWorkerThread } from '../threads.ts'

/**
 * Whether one of these packages is installed where the application would find it: above its entry or its working
 * directory. A look at the disk, because there is nothing to observe without the hook that this decides on.
 *
 * @param inDoubt The answer for a worker into which we came by `--require`: it does not know its entry yet.
 */
export function isAnyInstalled(packages: readonly string[], inDoubt: boolean): boolean {
  // Yarn's Plug'n'Play has no folder to look into.
  if (process.versions['pnp'] !== undefined) return true
  if (inDoubt && process.argv[1] === undefined && isWorkerThread()) return true
  const starts = [process.argv[1], process.env['pm_exec_path']].flatMap(entries)
  const folders = new Set([...starts, process.cwd()].flatMap(moduleFolders))
  return (
    [...folders].some((folder) => packages.some((name) => existsSync(join(folder, name)))) ||
    [...folders].some((folder) => asksForAlias(join(folder, '../package.json'), packages))
  )
}

/** `"hono4": "npm:hono@4"`: the folder has the other name. */
function asksForAlias(manifest: string, packages: readonly string[]): boolean {
  try {
    const text = readFileSync(manifest, 'utf8')
    return packages.some((name) => text.includes(`"npm:${name}@`))
  } catch {
    return false
  }
}

/** Commands in `.bin` are links, and so are deployed releases: both ends have packages beside them. */
function entries(entry: string | undefined): string[] {
  if (entry === undefined) return []
  try {
    return [entry, realpathSync.native(entry)]
  } catch {
    // `node app` stands for `app.js` too.
    return [entry]
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
