import { expect, test } from 'bun:test'
import { NatsError } from 'nats'
import { DeadlineError } from '../runtime/timers.ts'
import { createRequestHealth } from './request-health.ts'

const SECOND = 1_000
const NO_RESPONDERS = new NatsError('503', '503')
const NO_LEADER = createApiError(10008)
const NOT_FOUND = createApiError(10059)
const LATE = new DeadlineError('a request took longer than 2000 ms')

test.each<[statement: string, results: (Error | undefined)[], moves: number]>([
  ['leaves a server that answers nothing for some seconds', [NO_RESPONDERS, LATE, NO_LEADER, LATE], 1],
  ['leaves it again while that goes on', Array.from({ length: 8 }, () => LATE), 2],
  ['waits for some seconds', [LATE, LATE, LATE], 0],
  ['stays after an answer', [LATE, LATE, undefined, LATE, LATE, LATE], 0],
  ['stays at a server that answers with errors', [LATE, LATE, NOT_FOUND, LATE, LATE, LATE], 0],
  ['stays where something else failed', Array.from({ length: 8 }, () => new Error('not stored on 3 servers yet')), 0],
])('%s', async (_, results, moves) => {
  let [now, silent] = [0, 0]
  const health = createRequestHealth({ onSilent: () => void silent++, now: () => now })
  for (const result of results) {
    const request = health.observe(async () => {
      if (result) throw result
    })
    expect(await request.catch(error => error)).toBe(result)
    now += 2 * SECOND
  }
  expect(silent).toBe(moves)
})

function createApiError(code: number): NatsError {
  const error = new NatsError(`${code}`, '503')
  error.api_error = { code: 503, err_code: code, description: '' }
  return error
}
