import type { IncomingMessage } from 'node:http'
import { addOperation } from '../capture/operation.ts'
import { Guard } from '../guard.ts'
import { wrapMethod } from '../wrap.ts'

/** One definition of a parsed GraphQL document. */
interface Definition {
  readonly kind: string
  readonly name?: { readonly value: string }
  readonly selectionSet?: { readonly selections: readonly Selection[] }
}

interface Selection {
  readonly kind: string
  readonly name?: { readonly value: string }
}

interface Document {
  readonly definitions: readonly Definition[]
}

interface NamedOperation {
  readonly operationName?: unknown
}

interface Context {
  /** Absent where the application calls `app.graphql()` on its own behalf. */
  readonly reply?: { readonly request: Request }
  preExecution?: PreExecution[] | null
}

interface Request {
  readonly raw: IncomingMessage
  readonly body?: NamedOperation | readonly NamedOperation[]
  readonly query?: NamedOperation
}

type PreExecution = (schema: unknown, document: Document, context: Context) => void

const guard = new Guard('mercurius operations')
const patched = new WeakSet<object>()

/**
 * Mercurius copies its hooks to the context of each execution; ours is added there, after the application's own.
 * `graphql.execute` is no place for it: compiled queries (`jit`) do not pass it. Neither is `app.graphql.addHook`:
 * it is out of reach where Mercurius is registered inside a plugin.
 */
export function observeOperations(exports: unknown): void {
  if (patched.has(exports as object)) return
  patched.add(exports as object)
  wrapMethod(
    exports as object,
    'assignLifeCycleHooksToContext',
    (assign: (...args: unknown[]) => Context) =>
      function (this: unknown): Context {
        const context = Reflect.apply(assign, this, arguments) as Context
        if (guard.active) {
          try {
            if (context.reply !== undefined) context.preExecution = [...(context.preExecution ?? []), tell]
          } catch (fault) {
            guard.fault(fault)
          }
        }
        return context
      },
  )
}

/** Not a hook of the application: what it throws would answer the request. */
function tell(_schema: unknown, document: Document, { reply }: Context): void {
  if (!guard.active || reply === undefined) return
  try {
    const { raw, body, query } = reply.request
    const name = operationOf(document, [body ?? query ?? []].flat() as NamedOperation[])
    if (name !== undefined) addOperation(raw, name)
  } catch (fault) {
    guard.fault(fault)
  }
}

/** The name of the operation that runs; one without a name is called by its first field. */
function operationOf({ definitions }: Document, asked: readonly NamedOperation[]): string | undefined {
  const operations = definitions.filter(({ kind }) => kind === 'OperationDefinition')
  const chosen =
    operations.length === 1
      ? operations[0]
      : operations.find(({ name }) => asked.some(({ operationName }) => operationName === name?.value))
  return chosen?.name?.value ?? chosen?.selectionSet?.selections.find(isField)?.name?.value
}

function isField({ kind }: Selection): boolean {
  return kind === 'Field'
}
