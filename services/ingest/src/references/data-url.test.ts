import { expect, test } from 'bun:test'
import { DataUrlError, isDataUrl, parseDataUrl } from './data-url.ts'

const BYTES = Uint8Array.from([0xfb, 0xff, 0xfe, 1])
const BASE64 = '+//+AQ=='

test.each<[string, string | null]>([
  [`data:image/png;base64,${BASE64}`, 'image/png'],
  [`DATA:Image/PNG;charset=utf-8;BASE64,${BASE64}`, 'image/png'],
  [`data:image/jpg;base64,${BASE64}`, 'image/jpeg'],
  [`data:;base64,${BASE64}`, null],
  [` \r\n\tdata:image/png;base64,${BASE64}`, 'image/png'],
  [`data:image/png; base64 ,${BASE64}`, 'image/png'],
  [`data: image/png ; name = a b ; base64, ${BASE64}`, 'image/png'],
  [`data:image/png;name="red, a;b.png" ; charset=utf-8;base64,${BASE64}`, 'image/png'],
  [`data:image/png;name=12" by 8";size="x;base64,${BASE64}`, 'image/png'],
  [`data:image/png;\nbase64,\n+//+\r\n AQ==\n`, 'image/png'],
  ['data:image/png;base64,%2B%2f/+AQ%3D%3D%0A', 'image/png'],
  [`${' '.repeat(2_000)}data:image/png;base64,${BASE64}`, 'image/png'],
])('reads %j', (url, claimedType) => {
  expect([isDataUrl(url), parseDataUrl(url)]).toEqual([true, { bytes: BYTES, claimedType }])
})

test.each([
  `data:image/png,${BASE64}`,
  `data:image/png;base 64,${BASE64}`,
  `data:image/png;base64;${BASE64}`,
  'data:image/png;base64,+//+A!==',
  'data:image/png;base64,%41%2B',
  'data:image/png;base64',
  `data:${';a= "x" '.repeat(40)}`,
  `data:${';a=   '.repeat(40)}`,
])('refuses %j', url => {
  expect(() => parseDataUrl(url)).toThrow(DataUrlError)
})
