import { expect, test } from 'bun:test'
import sharp from 'sharp'
import { createRandom } from '../../testing/random.ts'
import { createSmallImages } from '../bad-input/corpus-images.ts'
import { buildImage } from './built-images/build-image.ts'
import { createExclusiveGate } from './exclusive-gate.ts'
import { serializeRequest } from './http.ts'
import { mutateBytes } from './mutate-bytes.ts'
import { mutateJson } from './mutate-json.ts'
import { createFuzzRequest } from './request.ts'

const KNOWN = {
  generationId: '01a20592-fbaf-7202-a976-12bf970672c3',
  referenceId: '01a20592-fbaf-7202-a976-12bf970672c4',
  mediaPath: '/media/w/a/ref/b.png',
  cursor: 'MjAyNg',
}
const images = await createSmallImages()

test('random numbers depend on the seed alone and have the requested range', () => {
  const drawn = (seed: string) =>
    Array.from(
      { length: 1_000 },
      (
        random => () =>
          random.nextInt(6)
      )(createRandom(seed)),
    )
  expect(drawn('a')).toEqual(drawn('a'))
  expect(drawn('a')).not.toEqual(drawn('b'))
  const counts = Map.groupBy(drawn('a'), number => number)
  expect([...counts.keys()].toSorted()).toEqual([0, 1, 2, 3, 4, 5])
  for (const all of counts.values()) expect(all.length).toBeWithin(120, 220)
  expect(createRandom('a').bytes(9)).toHaveLength(9)
})

test('a request depends on its seed and number alone', () => {
  const numbers = Array.from({ length: 150 }, (_, number) => number)
  const forwards = numbers.map(number => serializedRequest('s', number))
  const backwards = numbers.toReversed().map(number => serializedRequest('s', number))
  expect(backwards.toReversed().every((bytes, number) => bytes.equals(forwards[number] ?? Buffer.of()))).toBe(true)
  expect(new Set(forwards.map(bytes => bytes.toString('base64'))).size).toBeGreaterThan(120)
  expect(serializedRequest('t', 7)).not.toEqual(serializedRequest('s', 7))
})

test('leaves some requests intact, mutates most, and uses every mutation', () => {
  const made = Array.from({ length: 1_500 }, (_, number) => createFuzzRequest({ seed: 'many', number }, KNOWN, images))
  const whole = made.filter(({ mutations }) => mutations.length === 0)
  expect(whole.length / made.length).toBeWithin(0.08, 0.4)
  expect(whole.every(({ isWellFormed }) => isWellFormed)).toBe(true)
  expect(new Set(made.flatMap(({ mutations }) => mutations)).size).toBeGreaterThan(50)
})

test('mutations do not change their input', () => {
  const bytes = Buffer.from('the quick brown fox')
  const value = { a: [1, { b: 'c' }] }
  for (let number = 0; number < 500; number++) {
    mutateBytes(bytes, createRandom(`${number}`))
    mutateJson(value, createRandom(`${number}`))
  }
  expect([bytes.toString(), value]).toEqual(['the quick brown fox', { a: [1, { b: 'c' }] }])
})

function serializedRequest(seed: string, number: number): Buffer {
  return serializeRequest(createFuzzRequest({ seed, number }, KNOWN, images).request, 3000)
}

test('builds images that are valid where nothing was done to them', async () => {
  const built = Array.from({ length: 400 }, (_, number) => buildImage(createRandom(`built ${number}`), images))
  const valid = built.filter(({ mutations }) => mutations.length === 0)
  expect(valid.length).toBeGreaterThan(30)
  for (const { bytes } of valid) {
    const { width, height } = await sharp(bytes)
      .raw()
      .toBuffer({ resolveWithObject: true })
      .then(({ info }) => info)
    expect(width * height).toBeGreaterThan(0)
  }
  expect(new Set(built.flatMap(({ mutations }) => mutations)).size).toBeGreaterThan(60)
})

test('runs an exclusive task alone, and those after it when it has ended', async () => {
  const gate = createExclusiveGate()
  let running = 0
  const counts: number[] = []
  const run = (isExclusive: boolean) =>
    gate.run({ isExclusive }, async () => {
      running += 1
      await Promise.resolve()
      if (isExclusive) counts.push(running)
      running -= 1
    })
  await Promise.all([run(false), run(false), run(true), run(false), run(true), run(true), run(false)])
  expect(counts).toEqual([1, 1, 1])
})
