import { expect, test } from 'bun:test'
import { slopeOf } from './soak-memory.ts'

const life = (pid: number, held: (age: number) => number) =>
  Array.from({ length: 40 }, (_, at) => ({ pid, age: at * 5, megabytes: held(at * 5) }))

test('what all lives gain is told, however high each began, and warming up is not counted', () => {
  const leak = (start: number) => (age: number) => start + (age < 45 ? age : 45 + (age - 45) / 3_600)
  expect(slopeOf([...life(1, leak(100)), ...life(2, leak(300))])).toBeCloseTo(1)
  expect(slopeOf(life(1, () => 90))).toBeCloseTo(0)
})

test('of lives that were too short nothing is said', () => {
  expect(slopeOf(life(1, () => 90).filter(({ age }) => age < 30))).toBeNull()
})
