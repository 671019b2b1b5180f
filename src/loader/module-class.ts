interface ModuleClass {
  readonly prototype: object
}

/**
 * The class of all CommonJS modules. Every one of them has it at hand, ours too; asking for `node:module` would load its
 * source maps into a process that has none.
 */
export function moduleClass(): ModuleClass {
  const own = typeof module === 'object' ? (module.constructor as Partial<ModuleClass>) : undefined
  if (own?.prototype !== undefined && '_compile' in own.prototype) return own as ModuleClass
  return require('node:module') as ModuleClass
}
