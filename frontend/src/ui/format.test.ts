import { expect, test } from 'bun:test'
import { formatProblem } from '../request-error.ts'
import { buildGeneration } from '../store/generation.fixture.ts'
import {
  describeOutput,
  formatClockTime,
  formatDeadline,
  formatDuration,
  formatEstimate,
  formatExpiry,
  formatFacts,
  formatLength,
  formatLost,
  formatPromptStart,
  formatProviderName,
  formatReadyCount,
  formatStage,
  formatStaleSubmission,
} from './format.ts'

test('formats durations exactly and estimates roughly', () => {
  expect([0, 0.84, 8.44, 42.4, 120, 125.4].map(formatDuration)).toEqual([
    '0.1 s',
    '0.8 s',
    '8.4 s',
    '42 s',
    '2 min',
    '2 min 5 s',
  ])
  expect([0.2, 8.6, 89, 95, 600].map(formatEstimate)).toEqual([
    'about 1 s',
    'about 9 s',
    'about 89 s',
    'about 2 min',
    'about 10 min',
  ])
})

test('lists the facts of a generation', () => {
  const generation = buildGeneration({
    outputs: 4,
    parameters: { aspectRatio: '3:2', numOutputs: 4, seed: 7 },
  })
  expect(formatFacts(generation, undefined)).toEqual({ settings: ['demo', '3:2', '4 images'], timeTaken: '1.9 s' })
  const videos = buildGeneration({ kind: 'video', outputs: 3, parameters: { aspectRatio: '16:9', duration: 5 } })
  expect(formatFacts(videos, undefined).settings).toContain('3 videos of 5 s')
  const one = buildGeneration({ outputs: [{}, { state: 'deleted' }], status: 'failed' })
  expect(formatFacts(one, undefined)).toEqual({ settings: ['demo', '1:1', '1 image'], timeTaken: undefined })
})

test('describes an output by its number and the beginning of its prompt, cut between words', () => {
  const generation = buildGeneration({ outputs: 4, prompt: 'an old\n diving helmet' })
  const output = generation.outputs[1]
  if (!output) throw new Error('no output')
  expect(describeOutput(generation, output)).toBe('picture 2 of 4: an old diving helmet')
  expect(describeOutput(generation, { ...output, kind: 'video' })).toStartWith('video 2 of 4')
  expect(formatPromptStart('one two three four', 10)).toBe('one two…')
  expect(formatPromptStart('x'.repeat(30), 10)).toBe(`${'x'.repeat(10)}…`)
})

test('formats the length of a video as a player does', () => {
  expect([0, 5, 65, 600].map(formatClockTime)).toEqual(['0:00', '0:05', '1:05', '10:00'])
  expect([0.4, 1, 4.04, 125].map(formatLength)).toEqual(['0.4 s', '1 s', '4 s', '2 min 5 s'])
})

test('formats the stage and the number of ready outputs', () => {
  expect(formatStage(buildGeneration({ status: 'processing' }), 'Replicate')).toBe('generating')
  expect(
    formatReadyCount(
      buildGeneration({ outputs: [{}, { state: 'temporary' }, { state: 'failed' }, { state: 'pending' }] }),
    ),
  ).toBe('2 of 4 ready')
})

test('formats the reason of a wait with the provider and the time', () => {
  const until = '2026-11-22T14:32:00.000000Z'
  const at = new Date(until).toLocaleTimeString([], { hour: 'numeric', minute: '2-digit' })
  const cases = [
    ['provider-queue', null, 'queued at Replicate'],
    ['connection-full', null, 'waits for a free place at Replicate'],
    ['rate-limited', until, `Replicate asks to wait, again at ${at}`],
    ['rate-limited', null, 'Replicate asks to wait'],
    ['provider-down', until, `Replicate is not answering; trying again at ${at}`],
    ['provider-down', null, 'Replicate is not answering; trying again'],
    ['provider-restarted', null, 'Replicate was started again and has forgotten it; asking again'],
    ['not-configured', null, 'Replicate is not set up here any more; waiting until it is'],
    ['disk-full', null, 'the disk is nearly full; waiting for room'],
    ['storage-down', null, 'made; waiting for the storage to take it'],
    ['key-refused', null, 'Replicate does not accept the key; waiting for another in Settings'],
    ['no-credit', null, 'no credit left at Replicate; add some, then check it in Settings'],
    ['recovering', null, 'fetching what Replicate had answered'],
  ] as const
  for (const [reason, until, expected] of cases) {
    expect(formatStage(buildGeneration({ status: 'queued', waiting: { reason, until } }), 'Replicate')).toBe(expected)
  }
  expect(
    formatStage(buildGeneration({ waiting: { reason: 'provider-queue', until: null } }), formatProviderName(undefined)),
  ).toBe('queued at the provider')
})

test('formats the time left at the provider, and who deleted a lost output', () => {
  const [output] = buildGeneration({ outputs: [{ state: 'temporary', expiresAt: '2026-11-22T12:42:30Z' }] }).outputs
  if (!output) throw new Error('no output')
  const at = (time: string) => formatExpiry(output, Date.parse(`2026-11-${time}Z`))
  expect(at('22T12:00:00')).toBe('Not saved yet, 42 min left')
  expect(at('22T12:42:00')).toBe('Not saved yet, less than a minute left')
  expect(at('22T12:43:00')).toBe('Not saved yet, gone any moment')
  expect(at('22T09:00:00')).toBe('Not saved yet, 3 h left')
  expect(at('19T12:00:00')).toBe('Not saved yet, 3 days left')
  expect(formatExpiry({ ...output, expiresAt: null }, 0)).toBe('Not saved yet')
  const until = (time: string) => formatDeadline(output, 'The provider', Date.parse(`2026-11-${time}Z`))
  expect(until('22T12:00:00')).toBe('the provider, which deletes it in 42 min')
  expect(until('22T12:43:00')).toBe('the provider, which deletes it any moment')
  expect(formatDeadline({ ...output, expiresAt: null }, 'Replicate', 0)).toBe('Replicate')
  expect(formatLost('Replicate')).toBe('Deleted by Replicate before it could be saved.')
})

test('gives a reason for a submission that is a day old or older, and none for a recent one', () => {
  const generation = buildGeneration({ createdAt: '2026-11-22T12:00:00.000000Z' })
  expect(formatStaleSubmission(generation, Date.parse('2026-11-23T11:59:59Z'))).toBeNull()
  expect(formatStaleSubmission(generation, Date.parse('2026-11-24T12:00:00Z'))).toBe(
    'It could not be reached when this was asked for, on November 22. Is it still wanted?',
  )
})

test('formats a problem by its parts, else by its detail, else by the status', () => {
  const problem = { detail: 'prompt: is empty', errors: [{ path: 'prompt', message: 'is empty' }] }
  expect(formatProblem(problem, 422)).toBe('Prompt is empty.')
  expect(formatProblem({ errors: [{ path: 'file.0', message: 'is too large' }] }, 422, 'this file')).toBe(
    'This file is too large.',
  )
  expect(formatProblem({ detail: 'Too many at once.' }, 429)).toBe('Too many at once.')
  expect(formatProblem('<html>', 502)).toBe('The studio answered with an error (502).')
  expect(formatProblem(null, 500)).toBe('The studio answered with an error (500).')
})
