import { afterAll, beforeAll, expect, test } from 'bun:test'
import { checkInvariants } from '../../testing/invariants/check-invariants.ts'
import { runBilledLoad } from '../../testing/invoice/billed-load.ts'
import { compareInvoice } from '../../testing/invoice/compare-invoice.ts'
import { compareUsage } from '../../testing/invoice/compare-usage.ts'
import { startTestStack, type TestStack } from '../../testing/studio/test-stack.ts'

/** The costs of calls by the studio, and what usage shows of them, are those of the provider's invoice, whatever fails. */

let stack: TestStack

beforeAll(async () => {
  stack = await startTestStack({ env: { PROVIDER_CONCURRENCY: '24' } })
})
afterAll(() => stack[Symbol.asyncDispose]())

test('the ledger equals the invoice call by call, and usage in sum, over kills, failures, cancels and retries', async () => {
  const done = await runBilledLoad(stack, { seed: 'invoice', calls: 100, kills: 4, clients: 24 })
  const { calls, violations } = await compareInvoice(stack.sql, await stack.fake.readInvoice())
  expect(violations).toEqual([])
  expect(await compareUsage(stack, calls)).toEqual([])
  expect(calls.length).toBeGreaterThan(60)
  expect(calls.some(({ isReported }) => isReported)).toBe(true)
  expect(done.kills).toBe(4)
  expect(await checkInvariants(stack)).toEqual([])
})
