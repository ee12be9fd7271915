import { expect, test } from 'bun:test'
import { DecoderError, DecoderKilledError } from '@darkroom/infra/images/decoder/decoder-error'
import { MediaError } from '@darkroom/infra/images/media-error'
import { isTooSlow, toStoreOutputError } from './store-output-error.ts'

test.each([
  // This machine may have been busy: the output stays, and is tried again.
  ['a decoder that was ended at its deadline', createKilled('deadline'), 'store', true],
  ['a decoder that ended by itself', createKilled('crash'), 'store', true],
  ['a decoder that is closed', new DecoderError('closed', 'closed'), 'store', false],
  // No other try would end in another way.
  ['an image that needs too much memory', createKilled('memory'), 'unusable', false],
  ['an image that is refused', new MediaError('unfit', 'is too large'), 'unusable', false],
  ['an image that is damaged', new MediaError('damaged', 'is cut short'), 'retryable', false],
])('%s', (_, cause, failure, isSlow) => {
  const error = toStoreOutputError(cause)
  expect([error.failure, isTooSlow(error), isTooSlow(cause)]).toEqual([failure as never, isSlow, isSlow])
})

function createKilled(reason: DecoderKilledError['reason']): MediaError {
  return new MediaError('unfit', 'takes too long', { cause: new DecoderKilledError(reason) })
}
