import { expect, test } from 'bun:test'
import { calculateHourlyGrowth } from './soak-memory.ts'

const life = (pid: number, memoryAt: (age: number) => number) =>
  Array.from({ length: 40 }, (_, at) => ({ pid, age: at * 5, megabytes: memoryAt(at * 5) }))

test('calculates growth over all processes, whatever each started with, and ignores the warm-up', () => {
  const leak = (start: number) => (age: number) => start + (age < 45 ? age : 45 + (age - 45) / 3_600)
  expect(calculateHourlyGrowth([...life(1, leak(100)), ...life(2, leak(300))])).toBeCloseTo(1)
  expect(calculateHourlyGrowth(life(1, () => 90))).toBeCloseTo(0)
})

test('returns null if every process was too short-lived', () => {
  expect(calculateHourlyGrowth(life(1, () => 90).filter(({ age }) => age < 30))).toBeNull()
})
