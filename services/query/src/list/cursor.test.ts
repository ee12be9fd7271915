import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { decodeCursor, encodeCursor } from './cursor.ts'

const cursors = fc.record({
  createdAt: fc
    .tuple(fc.date({ min: new Date('2000-01-01'), max: new Date('2100-01-01'), noInvalidDate: true }), fc.nat(999))
    .map(([date, micros]) => date.toISOString().replace('Z', `${String(micros).padStart(3, '0')}Z`)),
  id: fc.uuid(),
})

test('decodes an encoded cursor unchanged, microseconds included', () => {
  fc.assert(fc.property(cursors, cursor => expect(decodeCursor(encodeCursor(cursor))).toEqual(cursor)))
})

test('rejects text that was not encoded as a cursor', () => {
  fc.assert(fc.property(fc.string(), text => expect(decodeCursor(text)).toBeUndefined()))
  fc.assert(
    fc.property(fc.string(), text => {
      expect(decodeCursor(Buffer.from(`${text}|${crypto.randomUUID()}`).toString('base64url'))).toBeUndefined()
    }),
  )
})

test('rejects a time that does not exist, which Postgres would not accept', () => {
  const invalid = [
    '2026-02-31T00:00:00',
    '2026-01-01T24:00:00',
    '2026-01-01T00:00:60',
    '2026-13-01T00:00:00',
    '0000-01-01T00:00:00',
  ]
  for (const time of invalid) {
    const text = encodeCursor({ createdAt: `${time}.000000Z`, id: crypto.randomUUID() })
    expect([time, decodeCursor(text)]).toEqual([time, undefined])
  }
})

test('rejects a changed cursor, or decodes it to exactly what it encodes', () => {
  fc.assert(
    fc.property(cursors, fc.nat(), fc.string({ minLength: 1, maxLength: 1 }), (cursor, at, character) => {
      const text = encodeCursor(cursor)
      const tampered = text.slice(0, at % text.length) + character + text.slice((at % text.length) + 1)
      const decoded = decodeCursor(tampered)
      if (decoded) expect(encodeCursor(decoded)).toBe(tampered)
    }),
  )
})
