import { expect, test } from 'bun:test'
import { formatGivenUp, formatWait } from './stop-progress.ts'

const call = (provider: string, remainingSeconds: number) => ({
  provider,
  model: `${provider}/image`,
  remainingSeconds,
})

test('names the providers, the number of calls and the longest time', () => {
  expect(formatWait([call('Fake', 12.1), call('Fake', 47.2)])).toBe(
    'Waiting for 2 pictures that Fake is making and that are paid for, at most 48 s. Press Ctrl-C again to give them up.',
  )
  expect(formatWait([call('Fake', 3)])).toBe(
    'Waiting for 1 picture that Fake is making and that is paid for, at most 3 s. Press Ctrl-C again to give it up.',
  )
  expect(formatWait([call('Fake', 3), call('Demo', 9)])).toBe(
    'Waiting for 2 pictures that Demo and Fake are making and that are paid for, at most 9 s. Press Ctrl-C again to give them up.',
  )
})

test('names what was given up', () => {
  expect(formatGivenUp([call('Fake', 3)])).toBe(
    'Given up: 1 picture that Fake is making and that is paid for. At the next start the studio says what became of it.',
  )
})
