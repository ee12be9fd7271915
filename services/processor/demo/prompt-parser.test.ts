import { expect, test } from 'bun:test'
import { parsePrompt } from './prompt-parser.ts'
import { createRandom } from './raster/random.ts'
import { MOODS } from './worker-protocol.ts'

const parse = (prompt: string, mood = 'from the words') => parsePrompt(prompt, mood, createRandom(prompt, mood))

test('recognizes scene, time of day, weather and palette', () => {
  expect(parse('A misty pine FOREST at dawn')).toMatchObject({ scene: 'forest', time: 'dawn', weather: 'fog' })
  expect(parse('storms over blue dunes, evening')).toMatchObject({ scene: 'dunes', time: 'dusk', weather: 'storm' })
  expect(parse('volcano at night').palette).toBeOneOf(['ember', 'terracotta'])
  expect(parse('lavender').palette).toBeOneOf(['lavender', 'plum'])
})

test('chooses the scene that most keywords suggest', () => {
  for (let i = 0; i < 20; i++) expect(parse(`mountain lake ${i}`).scene).toBe('lake')
})

test('prefers the hints of the mood to those of the prompt', () => {
  expect(parse('sunny noon', 'night').time).toBe('night')
  expect(parse('calm clear sea', 'fog').weather).toBe('fog')
})

test('varies with prompts that have no keyword', () => {
  const intents = Array.from({ length: 40 }, (_, i) => JSON.stringify(parse(`xyzzy ${i} 写真 🙂`)))
  expect(new Set(intents).size).toBeGreaterThan(20)
})

test.each(['constructor', '__proto__', 'toString', ''])('accepts the unknown mood %p without hints', mood => {
  expect(() => parse('hills', mood)).not.toThrow()
})

test('accepts every mood', () => {
  for (const mood of MOODS) expect(parse('hills', mood).scene).toBeOneOf(['hills', 'ranges'])
})
