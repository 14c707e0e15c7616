import { Column, CreateDateColumn, Entity, PrimaryColumn } from 'typeorm';

/** The key pair by which push services know this deployment (RFC 8292). At most one row. */
@Entity('webpush_keys')
export class WebpushKey {
  /** Base64url of the uncompressed P-256 point. */
  @PrimaryColumn('text', { name: 'public_key' })
  publicKey!: string;

  /** AES-256-GCM; see `SecretBox` in libs/identity. */
  @Column('bytea', { name: 'private_key_encrypted' })
  privateKeyEncrypted!: Buffer;

  /** Which configured key encrypted it. */
  @Column('text', { name: 'private_key_key_id' })
  privateKeyKeyId!: string;

  @CreateDateColumn({ name: 'created_at', type: 'timestamptz' })
  createdAt!: Date;
}
