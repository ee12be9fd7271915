import { expect, test } from 'bun:test'
import { type Adapter, ProviderError } from './adapter.ts'
import { createBflAdapter } from './bfl/bfl-adapter.ts'
import { createRunwayAdapter } from './runway/runway-adapter.ts'
import { createStabilityAdapter } from './stability/stability-adapter.ts'
import { tryCheck } from './try-check.ts'

const signal = AbortSignal.timeout(60_000)

/** Returns the options of an adapter whose provider answers every request so. */
function answering(body: object) {
  const respond = Object.assign(async () => Response.json(body), { preconnect: fetch.preconnect })
  return { connection: 'c', baseUrl: 'http://127.0.0.1:9', key: 'k', fetch: respond }
}

test.each([
  ['Black Forest Labs', createBflAdapter(answering({ credits: 0 }))],
  ['Runway', createRunwayAdapter(answering({ creditBalance: 0 }))],
  ['Stability AI', createStabilityAdapter(answering({ credits: 0 }))],
] satisfies [string, Adapter][])(
  'an account without credit at %s does not work, and its models are listed',
  async (_, adapter) => {
    expect(await adapter.checkConnection(signal)).toMatchObject({ ok: false, error: { code: 'payment_required' } })
    expect((await adapter.models(signal)).length).toBeGreaterThan(0)
  },
)

test('an error that is no answer of a provider is not taken for one', async () => {
  const refused = new ProviderError('key_refused')
  expect(await tryCheck(() => Promise.reject(refused))).toEqual({ ok: false, error: refused })
  expect(tryCheck(() => Promise.reject(new TypeError('a fault')))).rejects.toThrow('a fault')
})
