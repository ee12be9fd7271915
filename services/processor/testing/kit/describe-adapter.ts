import { describe, expect, test } from 'bun:test'
import sharp from 'sharp'
import { ProviderError, type ProviderRequest } from '../../src/providers/adapter.ts'
import { type CallResult, makeJournaledCall } from './journaled-call.ts'
import { KIT_FAULTS, type KitFault, type KitOutcome, type KitSubject } from './kit-subject.ts'

const CHECK_MS = 60_000

/**
 * Describes the conformance tests of an adapter, which every adapter passes against the fake of its provider, each fault switched on:
 * one submission a call, whatever happens; an answer that is cut off is unknown and never repeated; an answer that was left on the disk
 * reads like one that arrives; the key is nowhere.
 */
export function describeAdapter(subject: KitSubject): void {
  describe(`the adapter of ${subject.name}`, () => {
    test('makes what is asked for, with one submission', async () => expectCall(subject, null, 'outputs'))
    for (const fault of KIT_FAULTS) {
      const outcome = subject.outcomes[fault]
      if (outcome === undefined) continue
      test(`${fault}: ${formatOutcome(outcome)}`, async () => expectCall(subject, fault, outcome))
    }
    test('a check costs nothing and ends with a sentence for users', () => expectCheck(subject))
  })
}

async function expectCall(subject: KitSubject, fault: KitFault | null, outcome: KitOutcome): Promise<void> {
  await using fake = await subject.startFake()
  fake.setFault(fault)
  const { live, recovered, traces } = await makeJournaledCall(fake.adapter, fake.request)
  expect(fake.posts()).toBe(1)
  await expectOutcome(fake.request, live, outcome)
  if (recovered === 'unanswered') expect(outcome).toMatchObject({ failure: 'unknown' })
  // What has cut an answer off is not on the disk, and whether a part of it is there depends on the network.
  else if (typeof outcome === 'object' && outcome.failure === 'unknown')
    expect(recovered.error).toMatchObject({ failure: 'unknown' })
  else await expectOutcome(fake.request, recovered, outcome)
  if (outcome === 'outputs' && subject.reportsCost) expect(live.receipt.cost?.micros).toBe(fake.billedMicros())
  if (typeof outcome === 'object' && outcome.failure !== 'unknown')
    expect(fake.billedMicros() > 0).toBe(outcome.isBilled === true)
  expectNoKey(traces, fake.key)
}

async function expectOutcome(request: ProviderRequest, result: CallResult, outcome: KitOutcome): Promise<void> {
  if (typeof outcome === 'object') {
    expect(result.error).toBeInstanceOf(ProviderError)
    expect(result.error).toMatchObject({ code: outcome.code, failure: outcome.failure })
    expect((result.error as ProviderError).message).toMatch(/^[A-Z].{10,500}[.”?!]$/s)
    return
  }
  expect(result.error).toBeUndefined()
  expect(result.outputs.map(({ index }) => index).toSorted()).toEqual([...request.indices].toSorted())
  const refused = result.outputs.filter(({ kind }) => kind === 'refused')
  expect(refused.length > 0).toBe(outcome === 'refused-output')
  for (const output of result.outputs) {
    if (output.kind === 'bytes')
      expect(await sharp(output.bytes).metadata()).toMatchObject({ width: request.width, height: request.height })
  }
}

async function expectCheck(subject: KitSubject): Promise<void> {
  await using fake = await subject.startFake()
  const signal = AbortSignal.timeout(CHECK_MS)
  expect(await fake.adapter.checkConnection(signal)).toMatchObject({
    ok: true,
    note: expect.stringMatching(/^[A-Z].+\.$/),
  })
  for (const fault of ['wrong-key', 'html', 'cut-before-answer'] as const) {
    if (subject.outcomes[fault] === undefined) continue
    fake.setFault(fault)
    const check = await fake.adapter.checkConnection(signal)
    if (check.ok) continue
    expect(check.error.message).toMatch(/^[A-Z].{10,500}[.”?!]$/s)
    expectNoKey(Bun.inspect(check, { depth: 20 }), fake.key)
  }
  expect([fake.posts(), fake.billedMicros()]).toEqual([0, 0])
}

function expectNoKey(text: string, key: string | null): void {
  if (key !== null) expect(text).not.toContain(key)
}

function formatOutcome(outcome: KitOutcome): string {
  return typeof outcome === 'string' ? outcome : `${outcome.code}, ${outcome.failure}`
}
