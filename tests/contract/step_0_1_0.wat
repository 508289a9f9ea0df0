;; A step of `stepwell:step` 0.1.0 as a toolchain builds it, without the SDK: the names and the binary forms of
;; the contract, which no later version changes. It writes a line to its log, asks for its remaining time, and
;; returns its configuration.
(component
  (import "stepwell:step/types@0.1.0" (instance $types
    (type $need' (record (field "capability" string) (field "purpose" string) (field "optional" bool)))
    (export "need" (type $need (eq $need')))
    (type $profile' (enum "tiny" "standard" "large"))
    (export "profile" (type $profile (eq $profile')))
    (type $needs (list $need))
    (type $descriptor' (record
      (field "type-name" string)
      (field "version" string)
      (field "summary" string)
      (field "config-schema" string)
      (field "needs" $needs)
      (field "profile" $profile)
      (field "idempotent" bool)))
    (export "descriptor" (type $descriptor (eq $descriptor')))
    (type $severity' (enum "error" "warning"))
    (export "severity" (type $severity (eq $severity')))
    (type $issue' (record (field "severity" $severity) (field "pointer" string) (field "message" string)))
    (export "issue" (type $issue (eq $issue')))
    (type $invocation' (record
      (field "execution-id" string)
      (field "job-id" string)
      (field "step-id" string)
      (field "attempt" u32)
      (field "config" string)))
    (export "invocation" (type $invocation (eq $invocation')))
    (type $outcome' (record (field "summary" string) (field "output" string) (field "metadata" string)))
    (export "outcome" (type $outcome (eq $outcome')))
    (type $failure-kind' (enum
      "invalid-config" "not-found" "denied" "unavailable" "timed-out" "cancelled" "over-memory" "failed"))
    (export "failure-kind" (type $failure-kind (eq $failure-kind')))
    (type $failure' (record
      (field "kind" $failure-kind)
      (field "message" string)
      (field "retryable" bool)
      (field "metadata" string)))
    (export "failure" (type $failure (eq $failure')))
  ))
  (alias export $types "descriptor" (type $descriptor))
  (alias export $types "issue" (type $issue))
  (alias export $types "invocation" (type $invocation))
  (alias export $types "outcome" (type $outcome))
  (alias export $types "failure" (type $failure))

  (import "stepwell:log/log@0.1.0" (instance $log
    (type $level' (enum "trace" "debug" "info" "warn" "error"))
    (export "level" (type $level (eq $level')))
    (type $field (tuple string string))
    (type $fields (list $field))
    (type $write (func (param "level" $level) (param "message" string) (param "fields" $fields)))
    (export "write" (func (type $write)))
  ))
  (import "stepwell:context/context@0.1.0" (instance $context
    (export "remaining-ms" (func (result u64)))
  ))

  (core module $memory
    (memory (export "memory") 2)
    (global $free (mut i32) (i32.const 4096))
    ;; A bump allocator: an instance serves one call.
    (func (export "realloc") (param i32 i32 i32 i32) (result i32)
      (local $at i32)
      (local.set $at
        (i32.and
          (i32.add (global.get $free) (i32.sub (local.get 2) (i32.const 1)))
          (i32.sub (i32.const 0) (local.get 2))))
      (global.set $free (i32.add (local.get $at) (local.get 3)))
      (local.get $at))
    (data (i32.const 16) "acme/contract")
    (data (i32.const 32) "1.0.0")
    (data (i32.const 48) "Returns its configuration")
    (data (i32.const 80) "{\"type\":\"object\",\"properties\":{\"text\":{\"type\":\"string\"}}}")
    (data (i32.const 160) "a line of version 0.1.0")
    (data (i32.const 192) "{}")
    ;; The descriptor.
    (data (i32.const 256)
      "\10\00\00\00\0d\00\00\00" "\20\00\00\00\05\00\00\00" "\30\00\00\00\19\00\00\00"
      "\50\00\00\00\39\00\00\00" "\00\00\00\00\00\00\00\00" "\01" "\01")
  )
  (core instance $memory (instantiate $memory))
  (alias core export $memory "memory" (core memory $bytes))
  (alias core export $memory "realloc" (core func $realloc))
  (alias export $log "write" (func $log-write))
  (alias export $context "remaining-ms" (func $remaining-ms))
  (core func $write (canon lower (func $log-write) (memory $bytes) string-encoding=utf8))
  (core func $remaining (canon lower (func $remaining-ms)))

  (core module $step
    (import "memory" "memory" (memory 2))
    (import "host" "write" (func $write (param i32 i32 i32 i32 i32)))
    (import "host" "remaining-ms" (func $remaining (result i64)))
    (func (export "describe") (result i32) (i32.const 256))
    ;; No problems: an empty list.
    (func (export "validate") (param i32 i32 i32 i32) (result i32)
      (i64.store (i32.const 512) (i64.const 0))
      (i32.const 512))
    (func (export "run") (param i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)
      (drop (call $remaining))
      (call $write (i32.const 2) (i32.const 160) (i32.const 23) (i32.const 0) (i32.const 0))
      ;; `ok` with the summary, the configuration as the output, and no metadata.
      (i32.store8 (i32.const 600) (i32.const 0))
      (i32.store (i32.const 604) (i32.const 48))
      (i32.store (i32.const 608) (i32.const 25))
      (i32.store (i32.const 612) (local.get 7))
      (i32.store (i32.const 616) (local.get 8))
      (i32.store (i32.const 620) (i32.const 192))
      (i32.store (i32.const 624) (i32.const 2))
      (i32.const 600))
  )
  (core instance $step (instantiate $step
    (with "memory" (instance $memory))
    (with "host" (instance
      (export "write" (func $write))
      (export "remaining-ms" (func $remaining))))))

  (alias core export $step "describe" (core func $describes))
  (alias core export $step "validate" (core func $validates))
  (alias core export $step "run" (core func $runs))

  (type $pending (list string))
  (type $issues (list $issue))
  (type $ended (result $outcome (error $failure)))
  (func $describe (result $descriptor)
    (canon lift (core func $describes) (memory $bytes) string-encoding=utf8))
  (func $validate (param "config" string) (param "pending" $pending) (result $issues)
    (canon lift (core func $validates) (memory $bytes) (realloc $realloc) string-encoding=utf8))
  (func $run (param "invocation" $invocation) (result $ended)
    (canon lift (core func $runs) (memory $bytes) (realloc $realloc) string-encoding=utf8))
  (instance $exported
    (export "descriptor" (type $descriptor))
    (export "issue" (type $issue))
    (export "invocation" (type $invocation))
    (export "outcome" (type $outcome))
    (export "failure" (type $failure))
    (export "describe" (func $describe))
    (export "validate" (func $validate))
    (export "run" (func $run)))
  (export "stepwell:step/step@0.1.0" (instance $exported))
)
