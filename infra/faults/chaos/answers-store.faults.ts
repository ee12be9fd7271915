import { afterAll, afterEach, beforeAll, expect, test } from 'bun:test'
import { checkInvariants } from '../../testing/invariants/check-invariants.ts'
import { startProxy, type TcpProxy } from '../../testing/net-proxy.ts'
import { type FaultProxy, startFaultProxy } from '../../testing/s3/fault-proxy.ts'
import { s3ErrorResponse } from '../../testing/s3/s3-responses.ts'
import { createS3Env, createTestBucket, startS3Server } from '../../testing/s3/s3-server.ts'
import { startTestStack, type TestStack } from '../../testing/studio/test-stack.ts'
import { expectStoredOnce, FIXED_ANSWER, submitAndWaitUntilSent } from './answer-actions.ts'

/** A store that is away while a provider answers with bytes: they wait for it, and none is lost. */

const GENERATIONS = 6

const disposables = new AsyncDisposableStack()
let stack: TestStack
let networkProxy: TcpProxy
let faultProxy: FaultProxy

beforeAll(async () => {
  const server = disposables.use(await startS3Server('strict'))
  const bucket = disposables.use(await createTestBucket(server.endpoint))
  faultProxy = disposables.use(startFaultProxy(server.endpoint))
  networkProxy = disposables.use(await startProxy(Number(new URL(faultProxy.endpoint.endpoint).port)))
  const env = createS3Env(bucket.options, `http://127.0.0.1:${networkProxy.port}`)
  stack = disposables.use(await startTestStack({ env: { ...env, PROVIDER_CONCURRENCY: '10' }, store: bucket.store }))
})
afterEach(async () => {
  setRefusing(false)
  networkProxy.setFault({ kind: 'none' })
  await stack.clearFaults()
})
afterAll(() => disposables.disposeAsync())

test.each([
  ['resets every connection', 8, () => networkProxy.setFault({ kind: 'reset' })],
  ['answers nothing', 25, () => networkProxy.setFault({ kind: 'black-hole' })],
  ['answers every request by 503', 8, () => setRefusing(true)],
] as const)(
  'V1: outputs that came as bytes while the store %s for %i s are stored once it is back, and bought once',
  async (_, seconds, begin) => {
    await stack.fake.setBehavior({ answer: { ...FIXED_ANSWER, delayMs: [1_500, 1_500] } })
    const ids = await submitAndWaitUntilSent(stack, 'fake-bytes', GENERATIONS)
    begin()
    await Bun.sleep(seconds * 1_000)
    setRefusing(false)
    networkProxy.setFault({ kind: 'none' })
    await expectStoredOnce(stack, ids)
    expect(await checkInvariants(stack)).toEqual([])
  },
)

test('V1: outputs that wait for the store survive the kill of their processor', async () => {
  await stack.fake.setBehavior({ answer: { ...FIXED_ANSWER, delayMs: [1_500, 1_500] } })
  const ids = await submitAndWaitUntilSent(stack, 'fake-bytes', GENERATIONS)
  networkProxy.setFault({ kind: 'reset' })
  await stack.fake.waitForRequests(({ answers }) =>
    answers.slice(-GENERATIONS).every(({ endedAt }) => endedAt !== null),
  )
  await Bun.sleep(2_000)
  stack.processor.signal('SIGKILL')
  await Bun.sleep(5_000)
  networkProxy.setFault({ kind: 'none' })
  await expectStoredOnce(stack, ids)
  expect(await checkInvariants(stack)).toEqual([])
})

function setRefusing(isRefusing: boolean): void {
  faultProxy.intercept = async (request, forward) =>
    isRefusing ? s3ErrorResponse(503, 'SlowDown') : await forward(request)
}
