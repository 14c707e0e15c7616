export { webpushConfig, webpushSettings, type WebpushSettings } from './config';
export { createWebpushApp, WebpushApp, type ListenAddress, type WebpushDependencies } from './webpush-app';
