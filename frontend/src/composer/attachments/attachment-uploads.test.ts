import { expect, test } from 'bun:test'
import type { Reference } from '@darkroom/contracts/reference'
import { RejectedError, UnavailableError } from '../../request-error.ts'
import type { Attachment } from './attachment.ts'
import { createAttachmentUploads } from './attachment-uploads.ts'
import { awaitUpload, type ReferenceSource } from './reference-source.ts'

const SOURCE: ReferenceSource = { url: '/media/a.png', previewUrl: '/media/a.w320.webp' }
const REFERENCE: Reference = { id: 'r', url: '/media/r.png', previewUrl: '/media/r.w320.webp', width: 1, height: 1 }
const UNAVAILABLE = new UnavailableError('Starting again.', { status: 503, retryAfterMs: 5_000 })

const flush = () => new Promise(resolve => setTimeout(resolve, 0))

/** Creates uploads of one attachment `a`, which end as `answers` say. */
function setUp(answers: (() => Promise<Reference>)[]) {
  const attachment: Attachment = {
    ...{ key: 'a', name: 'a.png', preview: '', progress: 0, state: 'uploading' },
    ...{ problem: null, canRetry: false, reference: null, size: null, role: null, isLeftOver: false },
  }
  const states: string[] = []
  const timers: { callback: () => void; ms: number }[] = []
  const seen = { uploads: 0, unavailable: 0, isInDraft: true }
  const uploads = createAttachmentUploads({
    find: () => (seen.isInDraft ? attachment : undefined),
    update: (_, fields) => {
      Object.assign(attachment, fields)
      if (fields.state) states.push(fields.state)
    },
    onUnavailable: () => {
      seen.unavailable += 1
    },
    start: source => {
      seen.uploads += 1
      const done = answers.shift()?.() ?? Promise.reject(new Error('no upload is expected'))
      return { source, abort: new AbortController(), done }
    },
    setTimer: (callback, ms) => timers.push({ callback, ms }),
  })
  return { uploads, attachment, states, timers, seen }
}

const unavailable = () => Promise.reject(UNAVAILABLE)
const stored = async () => REFERENCE

test('uploads again by itself what the studio could not take, and shows no progress meanwhile', async () => {
  const { uploads, attachment, states, timers, seen } = setUp([unavailable, unavailable, stored])
  uploads.start('a', SOURCE)
  await flush()
  expect(attachment).toMatchObject({ state: 'failed', canRetry: true })
  expect(attachment.problem).toContain('by itself')
  expect(seen.unavailable).toBe(1)
  timers.shift()?.callback()
  await flush()
  expect(timers.map(({ ms }) => ms)).toEqual([5_000])
  timers.shift()?.callback()
  await flush()
  expect(attachment).toMatchObject({ state: 'ready', problem: null, reference: REFERENCE })
  expect(states).toEqual(['failed', 'failed', 'ready'])
})

test('uploads again at once when the studio may be back', async () => {
  const { uploads, attachment, timers, seen } = setUp([unavailable, stored])
  uploads.start('a', SOURCE)
  await flush()
  uploads.sendWaiting()
  await flush()
  expect(attachment.state).toBe('ready')
  timers.shift()?.callback()
  expect(seen.uploads).toBe(2)
})

test('does not upload again what was refused, nor what has left the draft', async () => {
  const refused = setUp([() => Promise.reject(new RejectedError('Not an image.', { status: 422 }))])
  refused.uploads.start('a', SOURCE)
  await flush()
  refused.uploads.sendWaiting()
  expect(refused.attachment).toMatchObject({ state: 'failed', problem: 'Not an image.', canRetry: false })
  const sent = setUp([unavailable])
  sent.uploads.start('a', SOURCE)
  await flush()
  sent.seen.isInDraft = false
  sent.uploads.sendWaiting()
  expect([refused.seen.uploads, sent.seen.uploads]).toEqual([1, 1])
})

test('offers an upload again that a full disk has refused, and leaves it to the user', async () => {
  const problem = 'The disk is full.'
  const { uploads, attachment, timers } = setUp([() => Promise.reject(new RejectedError(problem, { status: 507 }))])
  uploads.start('a', SOURCE)
  await flush()
  expect(attachment).toMatchObject({ state: 'failed', problem, canRetry: true })
  expect(timers).toEqual([])
})

test('a submission does not upload again what the studio has refused', async () => {
  const error = new RejectedError('Not an image.', { status: 422 })
  const upload = { source: SOURCE, abort: new AbortController(), done: Promise.reject(error) }
  await expect(awaitUpload(upload)).rejects.toBe(error)
})
