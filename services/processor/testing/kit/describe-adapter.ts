import { describe, expect, test } from 'bun:test'
import { ModelSpec } from '@darkroom/contracts/model'
import sharp from 'sharp'
import { ProviderError, type ProviderRequest } from '../../src/providers/adapter.ts'
import { chooseDeadlines, DEADLINES } from '../make-call.ts'
import { type CallResult, makeJournaledCall } from './journaled-call.ts'
import { KIT_FAULTS, type KitFault, type KitOutcome, type KitSubject } from './kit-subject.ts'
import { formatReadmeRow, readReadmeRow } from './readme-row.ts'

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
    test('its list of models says as much about the key as its check does, in names that a submission can have', () =>
      expectModels(subject))
    if (subject.hasReadmeRow) test('the README says what it offers and does', () => expectReadmeRow(subject))
  })
}

async function expectCall(subject: KitSubject, fault: KitFault | null, outcome: KitOutcome): Promise<void> {
  await using fake = await subject.startFake(chooseDeadlines(fault))
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
  await using fake = await subject.startFake(DEADLINES)
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

/** Expects a list of models that are valid as they are, and that fails as the check does with a key that is not accepted. */
async function expectModels(subject: KitSubject): Promise<void> {
  await using fake = await subject.startFake(DEADLINES)
  const signal = AbortSignal.timeout(CHECK_MS)
  const models = await fake.adapter.models(signal)
  expect(models.length).toBeGreaterThan(0)
  for (const model of models) expect(ModelSpec.parse(model)).toEqual(model)
  expect(new Set(models.map(({ id }) => id)).size).toBe(models.length)
  if (subject.outcomes['wrong-key'] !== undefined) {
    fake.setFault('wrong-key')
    const check = await fake.adapter.checkConnection(signal)
    const listed = await fake.adapter.models(signal).then(
      () => 'listed',
      error => (error instanceof ProviderError ? error.code : error),
    )
    expect(listed).toBe(check.ok ? 'listed' : check.error.code)
  }
  expect([fake.posts(), fake.billedMicros()]).toEqual([0, 0])
}

async function expectReadmeRow(subject: KitSubject): Promise<void> {
  await using fake = await subject.startFake(DEADLINES)
  const { kind } = fake.adapter
  const models = await fake.adapter.models(AbortSignal.timeout(CHECK_MS))
  const row = formatReadmeRow({ kind, models, reportsCost: subject.reportsCost })
  if ((await readReadmeRow(kind)) !== row) throw new Error(`The table of providers in the README should have:\n${row}`)
}

function expectNoKey(text: string, key: string | null): void {
  if (key !== null) expect(text).not.toContain(key)
}

function formatOutcome(outcome: KitOutcome): string {
  return typeof outcome === 'string' ? outcome : `${outcome.code}, ${outcome.failure}`
}
