import type { ApiEvent } from '../../src/types/client.ts'

/** An event with all required fields. */
export function event(fields: Partial<ApiEvent> = {}): ApiEvent {
  return {
    method: 'GET',
    path: '/users/:id',
    status_code: 200,
    response_time_ms: 1.5,
    request_size: 0,
    response_size: 12,
    timestamp: '2026-01-02T03:04:05.678Z',
    ...fields,
  }
}
