import './styles/tokens.css'
import './styles/page.css'
import './styles/feed.css'
import './styles/picture.css'
import './styles/progress.css'
import './styles/composer.css'
import './styles/attachments.css'
import './styles/settings.css'
import './styles/composer-phone.css'
import './styles/lightbox.css'
import './styles/scrubber.css'
import { render } from 'solid-js/web'
import { placeAt } from './address.ts'
import { addressed } from './address-bar.ts'
import { createApi } from './api.ts'
import { createClock } from './clock.ts'
import { createLibrary } from './library.ts'
import { Page } from './page.tsx'
import { listenShared } from './shared-live.ts'
import { keepUnsent } from './unsent.ts'

const root = document.getElementById('root')
if (!root) throw new Error('The page has no place for the studio.')

// The feed decides where it opens, not the browser's memory of an older layout.
history.scrollRestoration = 'manual'
const clock = createClock()
const api = createApi({ origin: location.origin, clock })
const unsent = keepUnsent()
const library = createLibrary({ ...api, unsent })
const firstPlace = placeAt(addressed())
const studio = { api, library, unsent, clock, listen: listenShared, firstPlace }
render(() => <Page {...studio} />, root)
