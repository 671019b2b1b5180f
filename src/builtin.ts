/**
 * One of Node's own modules, on first use. A static import would load it with the file that names it,
 * in every process: `node:crypto` alone is 5 ms and 3 MB that most processes never need.
 * `process.getBuiltinModule` is there from Node 20.16 on; below, the bundle's own `require` serves.
 */
export function builtin<Module>(name: `node:${string}`): Module {
  return (process.getBuiltinModule?.(name) ?? require(name)) as Module
}
