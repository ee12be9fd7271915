import { expect, test } from 'bun:test'
import type { RequestFault } from '@darkroom/infra/testing/fake-provider/behavior'
import { startFakeProvider } from '@darkroom/infra/testing/fake-provider/fake-server'
import {
  BYTES_REQUEST,
  createTestAdapter,
  REQUEST,
  readFinishedOutputs,
  submitAndRead,
  submitRequest,
} from './fake-env.ts'
import { getProviderError } from './get-provider-error.ts'
import { HANG_MS, neverAborted } from './make-call.ts'

/** The error of a submission, and the number of predictions that it began, by fault. */
const SUBMIT_FAULTS: readonly (readonly [fault: RequestFault, code: string, failure: string, begun: number])[] = [
  [{ kind: 'status', status: 400 }, 'provider_refused', 'permanent', 0],
  [{ kind: 'status', status: 401 }, 'key_refused', 'permanent', 0],
  [{ kind: 'status', status: 402 }, 'payment_required', 'permanent', 0],
  [{ kind: 'status', status: 422 }, 'provider_refused', 'permanent', 0],
  [{ kind: 'status', status: 307 }, 'provider_refused', 'permanent', 0],
  [{ kind: 'status', status: 429, retryAfter: '7' }, 'rate_limited', 'retryable', 0],
  [{ kind: 'status', status: 503 }, 'provider_busy', 'retryable', 0],
  [{ kind: 'status', status: 500 }, 'provider_refused', 'unknown', 0],
  [{ kind: 'status', status: 502, taken: true }, 'provider_refused', 'unknown', 1],
  [{ kind: 'status', status: 504, taken: true }, 'provider_refused', 'unknown', 1],
  [{ kind: 'hang', taken: true }, 'provider_silent', 'unknown', 1],
  [{ kind: 'reset', taken: true }, 'provider_unreachable', 'unknown', 1],
  [{ kind: 'cut', taken: true }, 'provider_unreachable', 'unknown', 1],
  [{ kind: 'malformed', taken: true }, 'provider_misbehaved', 'unknown', 1],
  [{ kind: 'wrong-shape', taken: true }, 'provider_misbehaved', 'unknown', 1],
]

for (const [fault, code, failure, begun] of SUBMIT_FAULTS) {
  test(`maps ${fault.kind} ${fault.status ?? ''} of a submission to ${code}, ${failure}`, async () => {
    await using fake = await startFakeProvider()
    fake.setBehavior({ submit: fault })
    for (const request of [REQUEST, BYTES_REQUEST]) {
      const provider = createTestAdapter(fake, fault.kind === 'hang' ? HANG_MS : undefined)
      const error = await getProviderError(async () => {
        const submitted = await submitAndRead(provider, request)
        if (submitted.kind === 'outputs') await Array.fromAsync(submitted.outputs)
      })
      expect(error).toMatchObject({ code, failure, retryAfterSeconds: code === 'rate_limited' ? 7 : null })
      expect(error.message).not.toContain('SECRET')
    }
    expect(Object.keys(fake.requestLog.predictions)).toHaveLength(begun * 2)
    expect(fake.requestLog.submitsByKey).toEqual({ k: 2 })
  })
}

/** The error of a check or a cancel, by fault. They begin no work, so that they are retryable unless they are refused. */
const CHECK_FAULTS: readonly (readonly [fault: RequestFault, code: string, failure: string])[] = [
  [{ kind: 'status', status: 401 }, 'key_refused', 'permanent'],
  [{ kind: 'status', status: 404 }, 'request_unknown', 'permanent'],
  [{ kind: 'status', status: 429, retryAfter: 'Wed, 21 Oct 2015 07:28:00 GMT' }, 'rate_limited', 'retryable'],
  [{ kind: 'status', status: 500, retryAfter: 'soon' }, 'provider_refused', 'retryable'],
  [{ kind: 'status', status: 503 }, 'provider_busy', 'retryable'],
  [{ kind: 'hang' }, 'provider_silent', 'retryable'],
  [{ kind: 'reset' }, 'provider_unreachable', 'retryable'],
  [{ kind: 'cut' }, 'provider_unreachable', 'retryable'],
  [{ kind: 'malformed' }, 'provider_misbehaved', 'retryable'],
  [{ kind: 'wrong-shape' }, 'provider_misbehaved', 'retryable'],
]

for (const [fault, code, failure] of CHECK_FAULTS) {
  test(`maps ${fault.kind} ${fault.status ?? ''} of a check or a cancel to ${code}, ${failure}`, async () => {
    await using fake = await startFakeProvider()
    const provider = createTestAdapter(fake, fault.kind === 'hang' ? HANG_MS : undefined)
    const requestId = await submitRequest(createTestAdapter(fake))
    fake.setBehavior({ check: fault, cancel: fault })
    const retryAfterSeconds = code === 'rate_limited' ? 0 : null
    const expected = { code, failure, retryAfterSeconds }
    expect(await getProviderError(() => provider.check(requestId, neverAborted))).toMatchObject(expected)
    expect(await getProviderError(() => provider.cancel(requestId, neverAborted))).toMatchObject(expected)
    fake.setBehavior({ check: null })
    expect(await readFinishedOutputs(createTestAdapter(fake), requestId)).toHaveLength(3)
  })
}
