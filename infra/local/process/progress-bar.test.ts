import { expect, test } from 'bun:test'
import { createProgressBar } from './progress-bar.ts'

function createOutput({ isTransient = false } = {}) {
  let [output, time] = ['', 0]
  const write = (text: string | Uint8Array) => {
    output += text
    return true
  }
  const bar = createProgressBar({ stream: { write }, isTransient, now: () => time })
  return { bar, wait: (ms: number) => (time += ms), read: () => output }
}

test('writes lines that end where there is no terminal, the first at once and the last at the end', () => {
  const { bar, read } = createOutput()
  for (let done = 1; done <= 1_000; done++) bar.update({ done, total: 1_000, text: 'rows' })
  for (const _ of [1, 2]) bar.writeLine('The database is busy.')
  bar.stop()
  expect(read()).toBe('1/1000 rows\nThe database is busy.\n1000/1000 rows\n')
})

test('writes ever fewer lines the longer it takes', () => {
  const { bar, wait, read } = createOutput()
  const countLines = () => read().split('\n').length - 1
  const run = (from: number, seconds: number) => {
    for (let second = from; second < from + seconds; second++) {
      wait(1_000)
      bar.update({ done: second, total: 8_000, text: '' })
    }
  }
  run(1, 60)
  expect(countLines()).toBeGreaterThan(5)
  expect(countLines()).toBeLessThan(10)
  run(61, 3_600)
  expect(countLines()).toBeLessThan(75)
  expect(read()).not.toContain('\r')
})

test('writes a progress that did not change once', () => {
  const { bar, wait, read } = createOutput()
  for (const _ of [1, 2, 3]) {
    wait(5_000)
    bar.update({ done: 1, total: 2, text: 'rows' })
  }
  bar.stop()
  expect(read()).toBe('1/2 rows\n')
})

test('shows a progress that is of no use later only while it takes long', () => {
  const { bar, wait, read } = createOutput({ isTransient: true })
  bar.update({ done: 1, total: 3, text: 'rows' })
  wait(2_500)
  bar.update({ done: 2, total: 3, text: 'rows' })
  bar.update({ done: 3, total: 3, text: 'rows' })
  bar.stop()
  expect(read()).toBe('2/3 rows\n')
})
