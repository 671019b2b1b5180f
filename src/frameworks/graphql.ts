import { addOperationTo } from '../capture/operation.ts'
import { exchangeUnderWay } from '../capture/under-way.ts'
import { Guard } from '../guard.ts'
import { wrapMethod } from '../wrap.ts'
import type { Framework } from './framework.ts'
import { operationName, type Definition } from './graphql-operation.ts'

type GetOperation = (this: unknown, ...args: unknown[]) => Definition | null | undefined

const guard = new Guard('graphql operations')
const patched = new WeakSet<object>()

/**
 * Servers ask graphql for the operation of a document just before they run it. Not `execute`: GraphQL Yoga has an executor
 * of its own, and resolvers may execute further operations.
 */
export const graphql: Framework = {
  patch(exports) {
    if (patched.has(exports as object)) return
    patched.add(exports as object)
    wrapMethod<GetOperation>(
      exports as object,
      'getOperationAST',
      (getOperation) =>
        function (this: unknown): Definition | null | undefined {
          const operation = Reflect.apply(getOperation, this, arguments) as Definition | null | undefined
          if (operation != null && guard.active) {
            try {
              tell(operation)
            } catch (fault) {
              guard.fault(fault)
            }
          }
          return operation
        },
    )
  },
}

function tell(operation: Definition): void {
  const exchange = exchangeUnderWay()
  const name = operationName(operation)
  // Events and other work that a request leaves behind still run in its name.
  if (exchange === undefined || exchange.settled || name === undefined) return
  addOperationTo(exchange, name, operation)
}
