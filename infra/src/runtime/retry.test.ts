import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { retry } from './retry.ts'
import { RETRY_POLICIES, type RetryPolicy, retryDelay } from './retry-policies.ts'

const AT_ONCE = { minMs: 0, baseMs: 0, maxMs: 0 }
const never = new AbortController().signal

test('returns the first success and makes no further try', async () => {
  let tries = 0
  const work = async () => {
    tries += 1
    if (tries < 3) throw new Error(`failure ${tries}`)
    return tries
  }
  expect(await retry(work, { policy: AT_ONCE, signal: never })).toBe(3)
  expect(tries).toBe(3)
})

test('throws the last error when the tries are used up', async () => {
  let tries = 0
  const work = async () => {
    tries += 1
    throw new Error(`failure ${tries}`)
  }
  const failing = retry(work, { policy: { ...AT_ONCE, tries: 4 }, signal: never })
  expect(failing).rejects.toThrow('failure 4')
  await failing.catch(() => {})
  expect(tries).toBe(4)
})

test('throws an error that is not retryable at once', async () => {
  let tries = 0
  const work = async () => {
    tries += 1
    throw new Error('refused')
  }
  const options = { policy: AT_ONCE, signal: never, isRetryable: () => false }
  await expect(retry(work, options)).rejects.toThrow('refused')
  expect(tries).toBe(1)
})

test('throws the reason of its signal, even in the middle of a pause', async () => {
  const stopping = new AbortController()
  const reason = new Error('stopping')
  const options = {
    policy: { minMs: 60_000, baseMs: 0, maxMs: 0 },
    signal: stopping.signal,
    onRetry: () => stopping.abort(reason),
  }
  const failing = retry(async () => Promise.reject(new Error('away')), options)
  await expect(failing).rejects.toBe(reason)
})

test('reports the error and the number of failures before each pause', async () => {
  const reports: [string, number][] = []
  const work = async () => Promise.reject(new Error('away'))
  const onRetry = (error: unknown, failures: number) => void reports.push([(error as Error).message, failures])
  await retry(work, { policy: { ...AT_ONCE, tries: 3 }, signal: never, onRetry }).catch(() => {})
  expect(reports).toEqual([
    ['away', 1],
    ['away', 2],
  ])
})

test('every policy pauses between its floor and its floor plus its ceiling', () => {
  const policies = fc.constantFrom<RetryPolicy>(...Object.values(RETRY_POLICIES))
  const share = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true })
  fc.assert(
    fc.property(policies, fc.integer({ min: 1, max: 100_000 }), share, (policy, failures, random) => {
      const pause = retryDelay(policy, failures, () => random)
      expect(pause).toBeGreaterThanOrEqual(policy.minMs)
      expect(pause).toBeLessThanOrEqual(policy.minMs + policy.maxMs)
    }),
  )
})

test('the jitter doubles with each failure up to its ceiling', () => {
  const policy = { minMs: 10, baseMs: 100, maxMs: 5_000 }
  const pauses = [1, 2, 3, 6, 7, 61].map(failures => retryDelay(policy, failures, () => 1))
  expect(pauses).toEqual([110, 210, 410, 3_210, 5_010, 5_010])
})

test.each([1_024, 1_025, 1_000_000])('a policy without jitter still pauses after %d failures', failures => {
  expect(retryDelay({ minMs: 250, baseMs: 0, maxMs: 0 }, failures)).toBe(250)
})
