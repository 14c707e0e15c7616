/** The part of the package that tests use. */
declare module 'web-push-testing/src/PushApiModel' {
  export class PushApiModel {
    notifyUrl: string;
    subscribe(options: { userVisibleOnly: 'true'; applicationServerKey: string }): Promise<{
      endpoint: string;
      keys: { p256dh: string; auth: string };
      clientHash: string;
    }>;
    handleNotification(
      clientHash: string,
      headers: { encoding: unknown; authorization: unknown; ttl: unknown },
      body: Buffer,
    ): Promise<void>;
    getNotifications(request: { clientHash: string }): { messages: string[] };
  }
}
