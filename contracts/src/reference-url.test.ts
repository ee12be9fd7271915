import { expect, test } from 'bun:test'
import { LIMITS } from './limits.ts'
import { parseReferenceUrl } from './parameters.ts'

const DATA_URL = 'data:image/png;base64,iVBORw0KGgo='

for (const url of [
  '/media/w/0190/ref/abc.png',
  '/media/remote/0190/ref/0',
  'https://a.example',
  'https://a.example/',
  'https://a.example:8443/b/c.png?x=1&y=%20#z',
  'http://192.168.0.1:9000/bucket/key',
  `https://a.example/${'x'.repeat(LIMITS.urlCharacters - 18)}`,
]) {
  test(`accepts ${url.slice(0, 60)}`, () => {
    expect(parseReferenceUrl(url)).toBe(url)
  })
}

for (const url of [
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
  DATA_URL,
  DATA_URL.toUpperCase(),
  'blob:https://a.example/0190',
  'javascript:alert(1)',
  'file:///etc/passwd',
  'ftp://a.example/b.png',
  `https://a.example/${'x'.repeat(LIMITS.urlCharacters - 17)}`,
]) {
  test(`rejects ${JSON.stringify(url.slice(0, 60))}`, () => {
    expect(parseReferenceUrl(url)).toBeUndefined()
  })
}
