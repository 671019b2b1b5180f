import type { ConsumerSource } from '../config/consumer-sources.ts'
import { consumerBySources, defaultConsumer } from './consumer-rules.ts'
import { cut, MAX_CONSUMER_CHARACTERS } from '../limits.ts'
import type { Exchange } from './exchange.ts'

/** Who made a request, as far as it can be told. Asked once, when the exchange is over. */
export type ConsumerNaming = (exchange: Exchange) => string | undefined

/**
 * `setConsumer()`, else `identifyConsumer` of the configuration module, else PEEKAPI_CONSUMER, else the default rule.
 *
 * @param sources Of PEEKAPI_CONSUMER.
 * @param identify Guarded; gives nothing where the module has no such function or it failed.
 */
export function consumerNaming(
  sources: readonly ConsumerSource[],
  identify: ConsumerNaming = () => undefined,
): ConsumerNaming {
  const byRule: ConsumerNaming =
    sources.length === 0
      ? ({ request }) => defaultConsumer(request)
      : ({ request }) => consumerBySources(request, sources)
  return (exchange) => {
    const name = fromCode(exchange.consumer) ?? fromCode(identify(exchange)) ?? byRule(exchange)
    return name === undefined ? undefined : cut(name, MAX_CONSUMER_CHARACTERS)
  }
}

/** `setConsumer` is called by programs that no compiler has checked. */
function fromCode(id: unknown): string | undefined {
  return typeof id === 'string' && id !== '' ? id : undefined
}
