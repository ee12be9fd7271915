import { expect, test } from 'bun:test'
import fc from 'fast-check'
import { createFileStem, formatDownloadName, MAX_STEM_BYTES } from './download-name.ts'

const OUTPUT = { index: 1, kind: 'image', url: '/media/w/a/gen/b/1/1.png', mimeType: 'image/png' } as const

test.each([
  ['A paper boat, on a "black" lake: déjà-vu!', 'a-paper-boat-on-a-black-lake-deja-vu-2.png'],
  ['Straße nach Łódź, Ærø & Þingvellir', 'strasse-nach-lodz-aero-thingvellir-2.png'],
  ['don’t stop, it\'s "fine"', 'dont-stop-its-fine-2.png'],
  ['雪の中の狐、夜明け', '雪の中の狐-夜明け-2.png'],
  ['ガラスの船', 'ガラスの船-2.png'],
  ['Чёрный йод', 'чёрный-йод-2.png'],
  ['कमल का फूल', 'कमल-का-फूल-2.png'],
  ['눈 속의 여우', '눈-속의-여우-2.png'],
  ['سفينة ورقية', 'سفينة-ورقية-2.png'],
  ['ＦＵＬＬ ｗｉｄｔｈ ﬁx', 'full-width-fix-2.png'],
  ['İstanbul', 'istanbul-2.png'],
  ['../../etc/passwd', 'etc-passwd-2.png'],
  ['C:\\Windows\\CON', 'c-windows-con-2.png'],
  ['CON', 'con-2.png'],
  ['evil\u202Egnp.exe\u200B\u0000', 'evilgnp-exe-2.png'],
  ['🦊🌙', 'image-2.png'],
  ['!?', 'image-2.png'],
])('names a file by the words of its prompt: %p', (prompt, name) => {
  expect(formatDownloadName(prompt, OUTPUT)).toBe(name)
})

test('takes the extension from the address, else from the type', () => {
  const named = (output: object) => formatDownloadName('a', { ...OUTPUT, ...output })
  expect(named({ url: '/media/remote/x/1', mimeType: 'image/jpeg' })).toBe('a-2.jpg')
  expect(named({ url: null, mimeType: 'video/webm', kind: 'video' })).toBe('a-2.webm')
  expect(named({ url: null, mimeType: null, kind: 'video' })).toBe('a-2.mp4')
  expect(named({ url: null, mimeType: 'image/svg+xml' })).toBe('a-2.png')
})

test('cuts a long prompt between words, and a long word between characters', () => {
  expect(createFileStem(`${'lighthouse '.repeat(20)}`, 'image')).toBe(Array(7).fill('lighthouse').join('-'))
  expect(createFileStem('雪'.repeat(100), 'image')).toBe('雪'.repeat(26))
  expect(createFileStem('की'.repeat(100), 'image')).toBe('की'.repeat(13))
})

test('is a safe name for any prompt', () => {
  const prompts = fc.oneof(
    fc.string({ unit: 'grapheme', maxLength: 200 }),
    fc.string({ unit: 'binary', maxLength: 200 }),
    fc.constantFrom('con', 'NUL', 'com¹', 'lpt9', '..', '.', '~', 'aux.png', 'a'.repeat(500)),
  )
  fc.assert(
    fc.property(prompts, prompt => {
      const stem = createFileStem(prompt, 'video')
      expect(stem).toMatch(/^[\p{L}\p{N}][\p{L}\p{N}\p{M}]*(-[\p{L}\p{N}][\p{L}\p{N}\p{M}]*)*$/u)
      expect(Buffer.byteLength(stem)).toBeLessThanOrEqual(MAX_STEM_BYTES)
      expect([stem.toLowerCase(), stem.normalize('NFC'), stem.toWellFormed()]).toEqual([stem, stem, stem])
    }),
    { numRuns: 2_000 },
  )
})
