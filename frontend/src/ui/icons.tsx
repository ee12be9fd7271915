/** SVG paths on a grid of 20 × 20, for a stroke of 1.6. */
const PATHS = {
  attach: 'M10 4v12M4 10h12',
  bin: 'M4 6h12M8 6V3.8h4V6M5.6 6l.8 10.2h7.2L14.4 6M8.6 9v4.4M11.4 9v4.4',
  check: 'M4 10.5l4 4l8-9',
  close: 'M5 5l10 10M15 5L5 15',
  copy: 'M7.5 7.5V4.5h8v8h-3M4.5 7.5h8v8h-8z',
  dark: 'M16 11.6A6.5 6.5 0 1 1 8.4 4a5.2 5.2 0 0 0 7.6 7.6z',
  details: 'M10 9v5M10 6.2v.1M3.5 10a6.5 6.5 0 1 0 13 0a6.5 6.5 0 1 0-13 0',
  down: 'M10 4.5v11M5.5 11L10 15.5l4.5-4.5',
  download: 'M10 3.5v9M6 9l4 4l4-4M4 16.5h12',
  expand: 'M5.5 8L10 12.5L14.5 8',
  favourite: 'M10 16.4C5.6 13.2 3 10.7 3 7.7A3.6 3.6 0 0 1 10 6.3A3.6 3.6 0 0 1 17 7.7C17 10.7 14.4 13.2 10 16.4z',
  key: 'M4 13.2a2.9 2.9 0 1 0 5.8 0a2.9 2.9 0 1 0-5.8 0M9 11.2L15.8 4.4M13 7.2l2.2 2.2',
  large: 'M3.5 3.5h13v13h-13z',
  lock: 'M5 9.2h10v7H5zM7 9.2V6.8a3 3 0 0 1 6 0v2.4',
  mask: 'M4 4h12v12H4zM6.8 10a3.2 3.2 0 1 0 6.4 0a3.2 3.2 0 1 0-6.4 0',
  medium: 'M3.5 3.5h13v13h-13zM10 3.5v13M3.5 10h13',
  more: 'M4 10a.5.5 0 1 0 1 0a.5.5 0 1 0-1 0M9.5 10a.5.5 0 1 0 1 0a.5.5 0 1 0-1 0M15 10a.5.5 0 1 0 1 0a.5.5 0 1 0-1 0',
  next: 'M8 4.5L13.5 10L8 15.5',
  paper:
    'M6.8 10a3.2 3.2 0 1 0 6.4 0a3.2 3.2 0 1 0-6.4 0M10 2.6v1.6M10 15.8v1.6M2.6 10h1.6M15.8 10h1.6M4.8 4.8l1.1 1.1M14.1 14.1l1.1 1.1M4.8 15.2l1.1-1.1M14.1 5.9l1.1-1.1',
  previous: 'M12 4.5L6.5 10L12 15.5',
  reference: 'M11.5 4.5h-7v11h11v-5M4.5 13l3-3l2.5 2.5l2-2l3 3M14.5 3v5M12 5.5h5',
  reuse: 'M4.5 9A5.8 5.8 0 0 1 15 6.6M15.5 3.2v3.6h-3.6M15.5 11A5.8 5.8 0 0 1 5 13.4M4.5 16.8v-3.6h3.6',
  search: 'M3.6 8.8a5.2 5.2 0 1 0 10.4 0a5.2 5.2 0 1 0-10.4 0M12.6 12.6l3.8 3.8',
  send: 'M10 15.5v-11M5.5 9L10 4.5L14.5 9',
  settings:
    'M3.5 6.5h7M15 6.5h1.5M3.5 13.5H5M9.5 13.5h7M10.6 6.5a2.1 2.1 0 1 0 4.2 0a2.1 2.1 0 1 0-4.2 0M5.2 13.5a2.1 2.1 0 1 0 4.2 0a2.1 2.1 0 1 0-4.2 0',
  small: 'M3.5 3.5h13v13h-13zM7.8 3.5v13M12.2 3.5v13M3.5 7.8h13M3.5 12.2h13',
  star: 'M10 3.2l2.1 4.4l4.8.6l-3.5 3.3l.9 4.8L10 14l-4.3 2.3l.9-4.8l-3.5-3.3l4.8-.6z',
  system: 'M3.5 10a6.5 6.5 0 1 0 13 0a6.5 6.5 0 1 0-13 0M10 3.5v13M10 6.5l5 -1M10 10h6.5M10 13.5l5 1',
  video: 'M3 6h9.5v8H3zM12.5 9.4l4.5-2.6v6.4l-4.5-2.6z',
  warning: 'M10 6.5v4.5M10 13.6v.1M10 3.2L17.2 16H2.8z',
} as const

export type IconName = keyof typeof PATHS

/** An icon beside or instead of a word. It is hidden from screen readers: the control has a label of its own. */
export function Icon(props: { name: IconName }) {
  return (
    <svg class="icon" viewBox="0 0 20 20" aria-hidden="true">
      <path d={PATHS[props.name]} />
    </svg>
  )
}
