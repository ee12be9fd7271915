import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { generationSubject, jobConsumerName, jobSubject, parseWorkspaceId, STREAMS } from './subjects.ts'

const INVALID_TOKENS = [
  '',
  '*',
  '>',
  'a.b',
  'a.*',
  'a.>',
  '.',
  ' ',
  'a b',
  'a\n',
  'a\0',
  'ä',
  '$JS',
  '../a',
  'a/b',
  'x'.repeat(65),
]

for (const name of INVALID_TOKENS) {
  test(`rejects ${JSON.stringify(name.slice(0, 20))} in a subject`, () => {
    for (const make of [generationSubject, jobSubject, jobConsumerName]) expect(() => make(name)).toThrow(RangeError)
  })
}

test('no text adds a level or a wildcard to a subject', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), name => {
      const subject = attempt(() => jobSubject(name))
      expect(subject === undefined || /^jobs\.generate\.[A-Za-z0-9_-]{1,64}$/.test(subject)).toBe(true)
    }),
  )
})

test('parses the workspace that a subject was made for', () => {
  fc.assert(fc.property(fc.uuid(), id => expect(parseWorkspaceId(generationSubject(id))).toBe(id)))
})

test('finds no workspace in another subject', () => {
  const others = [
    'events.a',
    'events.a.generation.b',
    'events..generation',
    'events.a.b.generation',
    'events.*.generation',
    'jobs.a.generation',
    'xevents.a.generation',
    '',
  ]
  expect(others.map(parseWorkspaceId)).toEqual(others.map(() => undefined))
})

test('every subject belongs to its stream', () => {
  expect(STREAMS.jobs.subjects).toEqual([`${jobSubject('demo').split('.')[0]}.>`] as never)
  expect(STREAMS.events.subjects).toEqual([`${generationSubject('w').split('.')[0]}.>`] as never)
})

test('two providers share neither subject nor consumer', () => {
  expect(jobSubject('a')).not.toBe(jobSubject('b'))
  expect(jobConsumerName('a')).not.toBe(jobConsumerName('b'))
})

function attempt<T>(work: () => T): T | undefined {
  try {
    return work()
  } catch {
    return undefined
  }
}
