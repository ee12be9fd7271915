import { expect, test } from 'bun:test'
import { MOODS, parsePrompt } from './prompt-parser.ts'
import { createRandom } from './raster/random.ts'

const read = (prompt: string, mood = 'from the words') => parsePrompt(prompt, mood, createRandom(prompt, mood))

test('reads land, hour, weather and colour', () => {
  expect(read('A misty pine FOREST at dawn')).toMatchObject({ scene: 'forest', time: 'dawn', weather: 'fog' })
  expect(read('storms over blue dunes, evening')).toMatchObject({ scene: 'dunes', time: 'dusk', weather: 'storm' })
  expect(read('volcano at night').palette).toBeOneOf(['ember', 'terracotta'])
  expect(read('lavender').palette).toBeOneOf(['lavender', 'plum'])
})

test('what is named most often wins', () => {
  for (let i = 0; i < 20; i++) expect(read(`mountain lake ${i}`).scene).toBe('lake')
})

test('a mood outweighs the words', () => {
  expect(read('sunny noon', 'night').time).toBe('night')
  expect(read('calm clear sea', 'fog').weather).toBe('fog')
})

test('a prompt of words it does not know still makes a picture, a different one each', () => {
  const intents = Array.from({ length: 40 }, (_, i) => JSON.stringify(read(`xyzzy ${i} 写真 🙂`)))
  expect(new Set(intents).size).toBeGreaterThan(20)
})

test.each(['constructor', '__proto__', 'toString', ''])('an unknown mood, %p, asks for nothing', mood => {
  expect(() => read('hills', mood)).not.toThrow()
})

test('every mood can be read', () => {
  for (const mood of Object.keys(MOODS)) expect(read('hills', mood).scene).toBeOneOf(['hills', 'ranges'])
})
