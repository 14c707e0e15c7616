import { Column, CreateDateColumn, Entity, PrimaryGeneratedColumn } from 'typeorm';

/** A browser that takes notifications for a user. */
@Entity('webpush_subscriptions')
export class WebpushSubscription {
  @PrimaryGeneratedColumn('uuid')
  id!: string;

  @Column('uuid', { name: 'user_id' })
  userId!: string;

  /** A capability: whoever knows it may send to the browser. */
  @Column('text')
  endpoint!: string;

  /** Base64url. */
  @Column('text', { name: 'p256dh_key' })
  p256dhKey!: string;

  /** Base64url. */
  @Column('text', { name: 'auth_key' })
  authKey!: string;

  /** The server key that the browser subscribed with. */
  @Column('text', { name: 'vapid_public_key' })
  vapidPublicKey!: string;

  @CreateDateColumn({ name: 'created_at', type: 'timestamptz' })
  createdAt!: Date;
}
