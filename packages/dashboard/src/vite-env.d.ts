/// <reference types="vite/client" />
/** Of this page. */
declare const __VERSION__: string
