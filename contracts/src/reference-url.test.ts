import { expect, test } from 'bun:test'
import { LIMITS } from './limits.ts'
import { parseReferenceUrl } from './parameters.ts'

const PICTURE = 'data:image/png;base64,iVBORw0KGgo='

for (const address of [
  '/media/w/0190/ref/abc.png',
  '/media/remote/0190/ref/0',
  'https://a.example',
  'https://a.example/',
  'https://a.example:8443/b/c.png?x=1&y=%20#z',
  'http://192.168.0.1:9000/bucket/key',
  `https://a.example/${'x'.repeat(LIMITS.urlCharacters - 18)}`,
]) {
  test(`${address.slice(0, 60)} may be the address of a reference`, () => {
    expect(parseReferenceUrl(address)).toBe(address)
  })
}

for (const address of [
  '',
  '/media/',
  '/media/../etc/passwd',
  '/media/a..png',
  '/media/a b.png',
  '/media/a.png?x=1',
  '/mediax/a.png',
  'media/a.png',
  '//a.example/b.png',
  'HTTPS://a.example/b.png',
  'https:/a.example',
  'https://',
  'https://user:secret@a.example/b.png',
  'https://a.example/b c.png',
  'https://a.example/bücher.png',
  'https://bücher.example/b.png',
  'https://[::1]/b.png',
  'https://a.example:port/b.png',
  'https://a.example/../b.png',
  'https://a.example/b.png\n',
  '\nhttps://a.example/b.png',
  'https://a.example/?u=data:image/png',
  'https://a.example/?u=DaTa:image/png',
  'https://a.example/x;BASE64,AAAA',
  '/media/data:x',
  PICTURE,
  PICTURE.toUpperCase(),
  'blob:https://a.example/0190',
  'javascript:alert(1)',
  'file:///etc/passwd',
  'ftp://a.example/b.png',
  `https://a.example/${'x'.repeat(LIMITS.urlCharacters - 17)}`,
]) {
  test(`${JSON.stringify(address.slice(0, 60))} may not`, () => {
    expect(parseReferenceUrl(address)).toBeUndefined()
  })
}
