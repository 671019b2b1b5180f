import type { IncomingMessage } from 'node:http'
import { addOperation } from '../capture/operation.ts'
import { Guard } from '../guard.ts'
import { wrapMethod } from '../wrap.ts'
import { operationName, type Definition } from './graphql-operation.ts'

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
    const operation = operationOf(document, [body ?? query ?? []].flat() as NamedOperation[])
    const name = operation && operationName(operation)
    if (name !== undefined) addOperation(raw, name, operation)
  } catch (fault) {
    guard.fault(fault)
  }
}

/** The operation that runs. */
function operationOf({ definitions }: Document, asked: readonly NamedOperation[]): Definition | undefined {
  const operations = definitions.filter(({ kind }) => kind === 'OperationDefinition')
  return operations.length === 1
    ? operations[0]
    : operations.find(({ name }) => asked.some(({ operationName }) => operationName === name?.value))
}
