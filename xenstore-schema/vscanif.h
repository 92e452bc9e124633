/* SPDX-License-Identifier: MIT */
/*
 * vscanif.h
 *
 * Unified on-access virus scanning device interface: "vscan".
 *
 * A front in a guest holds an access to a file, grants pages with the file's
 * content to the domain of the back and asks for a verdict; the back maps the
 * pages, scans a private copy and answers.  This file is the one authority on
 * nodes, states, recovery, packets and limits.
 */

#ifndef XEN_PUBLIC_IO_VSCANIF_H
#define XEN_PUBLIC_IO_VSCANIF_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <xen/grant_table.h>
#include <xen/io/ring.h>

/*
 ******************************************************************************
 *                           Protocol version
 ******************************************************************************
 *
 * A front and a back that have no version in common do not connect: the front
 * says so in its "error" node and goes to XenbusStateClosed.  Features are
 * added as nodes named "feature-*" (absent means "0"); the version changes
 * only when an old peer could misunderstand a packet.
 */
#define VSCANIF_VERSION                 1

/*
 ******************************************************************************
 *                        Example configuration
 ******************************************************************************
 *
 * Domain 5, "web", is protected by the back in domain 3, "scanner".
 *
 *---------------------------------- Back -------------------------------------
 *
 * /local/domain/3/backend/vscan/5/0/frontend = "/local/domain/5/device/vscan/0"
 * /local/domain/3/backend/vscan/5/0/frontend-id = "5"
 * /local/domain/3/backend/vscan/5/0/domain = "web"
 * /local/domain/3/backend/vscan/5/0/online = "1"
 * /local/domain/3/backend/vscan/5/0/state = "4"
 * /local/domain/3/backend/vscan/5/0/versions = "1"
 * /local/domain/3/backend/vscan/5/0/max-request-pages = "8192"
 * /local/domain/3/backend/vscan/5/0/max-pool-pages = "4096"
 * /local/domain/3/backend/vscan/5/0/max-stream-mib = "100"
 * /local/domain/3/backend/vscan/5/0/max-ring-pages = "3"
 * /local/domain/3/backend/vscan/5/0/connection-id = "1732"
 * /local/domain/3/backend/vscan/5/0/engines = "clamav ok 1762934400: ClamAV
 *      1.4.6/27811, 8706912 signatures"
 * /local/domain/3/backend/vscan/5/0/incidents = "2913840557 0"
 * /local/domain/3/backend/vscan/5/0/question = "81 stats"
 * /local/domain/3/backend/vscan/5/0/answer = "81
 *      clean 4015 ..."
 *
 *---------------------------------- Front ------------------------------------
 *
 * /local/domain/5/device/vscan/0/backend = "/local/domain/3/backend/vscan/5/0"
 * /local/domain/5/device/vscan/0/backend-id = "3"
 * /local/domain/5/device/vscan/0/state = "4"
 * /local/domain/5/device/vscan/0/version = "1"
 * /local/domain/5/device/vscan/0/ring-ref = "9"
 * /local/domain/5/device/vscan/0/ring-refs = "9,11,12"
 * /local/domain/5/device/vscan/0/event-channel = "14"
 * /local/domain/5/device/vscan/0/pool-pages = "512"
 * /local/domain/5/device/vscan/0/pool-refs = "10"
 * /local/domain/5/device/vscan/0/connection-id = "1732"
 * /local/domain/5/device/vscan/0/policy-generation = "1"
 *
 *---------------------------------- Policy -----------------------------------
 *
 * /local/domain/5/vscan/0/policy = "mode=enforce fail=open timeout-ms=30000
 *      read=no close-write=yes notify=yes remedy=deny scan=snapshot engines=all
 *      history=yes transport=auto max-file-mib=100 pool-pages=512"
 *
 * /local/domain/5/vscan/0/generation = "1"
 *
 * (One blank, no line end, between words: vscanctl names all keys that are no
 * lists.)
 *
 ******************************************************************************
 *                        Creation and permissions
 ******************************************************************************
 *
 * The toolstack creates all three folders in one transaction, with both states
 * XenbusStateInitialising, and removes them.  Permissions are those that libxl
 * gives its own devices: the front's folder belongs to the guest and is
 * readable by the back's domain; the back's folder belongs to the back's
 * domain and is readable by the guest; the policy folder belongs to the
 * toolstack and is readable by both.  Device number 0 is the only one in use:
 * a guest has one front.
 *
 * The toolstack may move a device to another back, as when the back's domain is
 * gone and has been created anew: in one transaction it removes the folders and
 * makes them with the new back's domid.  A front that finds another backend-id
 * than before drops ring and channel and begins anew there; it holds accesses
 * all the time.
 *
 * All values are strings.  Numbers are decimal, without sign, blanks or
 * leading zeroes; anything else is malformed.  A node longer than
 * VSCANIF_MAX_NODE octets is malformed.
 *
 ******************************************************************************
 *                             Back nodes
 ******************************************************************************
 *
 * frontend, frontend-id, domain, online
 *      Written by:     toolstack
 *      Read by:        back (all but frontend), toolstack
 *
 *      As for every Xen device: path and domid of the front, the guest's
 *      name (for messages only), and "1" while the device is to be served;
 *      "0" asks the back to close for good.
 *
 * state
 *      Values:         XenbusState, see "States" below
 *      Written by:     toolstack ("1", at creation; "5", to detach), back
 *      Read by:        front, toolstack
 *
 * versions
 *      Values:         numbers, separated by commas
 *      Written by:     back, before XenbusStateInitWait
 *      Read by:        front
 *
 * max-request-pages
 *      Values:         1 ... VSCANIF_MAX_REQUEST_PAGES
 *      Default:        VSCANIF_MAX_REQUEST_PAGES
 *      Written by:     back, before XenbusStateInitWait
 *      Read by:        front
 *
 *      Most content pages that one request may name.
 *
 * max-pool-pages
 *      Values:         0 ... VSCANIF_MAX_POOL_PAGES
 *      Default:        0
 *      Written by:     back, before XenbusStateInitWait
 *      Read by:        front
 *
 *      Most pages of a pool (see "Page pool") that the back will map for this
 *      guest; 0: it knows of none.
 *
 * max-stream-mib
 *      Values:         0 ... VSCANIF_MAX_STREAM_MIB
 *      Default:        0
 *      Written by:     back, before XenbusStateInitWait
 *      Read by:        front
 *
 *      Most content, in units of 2^20 octets, that the back takes in pieces
 *      (see "Streams"); 0: it knows of none.
 *
 * max-ring-pages
 *      Values:         1 ... VSCANIF_MAX_RING_PAGES
 *      Default:        1
 *      Written by:     back, before XenbusStateInitWait; removed by it when it
 *                      closes
 *      Read by:        front
 *
 *      Most pages of a ring (see "Ring") that the back will map.
 *
 * connection-id
 *      Values:         uint32, not 0
 *      Written by:     back, together with XenbusStateConnected
 *      Read by:        front
 *
 *      The front's connection-id at the moment when the back read ring-ref
 *      and event-channel.  A front that reads another number than its own
 *      is not connected: it waits for the back to connect anew.
 *
 * error
 *      Values:         text, absent when there is none
 *      Written by:     the owner of the folder it is in (back or front)
 *      Read by:        toolstack
 *
 *      Why the last connection could not be made or had to be closed.
 *
 * engines
 *      Values:         lines "NAME STATE TIME: TEXT", one for each engine, at
 *                      most VSCANIF_MAX_ENGINES; absent when the back is
 *                      closed
 *      Written by:     back, whenever one has changed
 *      Read by:        toolstack
 *
 *      NAME is of 1 ... VSCANIF_MAX_ENGINE_NAME letters a-z and digits, and not
 *      "all".  STATE is
 *        ok            it scans, with the signatures that TEXT is about
 *        refused       it scans, but signatures that came later were not
 *                      loaded, for the reason TEXT
 *        down          it does not scan, for the reason TEXT; unless the back
 *                      was told otherwise, nothing is clean meanwhile that this
 *                      engine is to scan
 *      TIME is when the newest of the signatures that it scans with were made,
 *      in seconds since 1970; 0 when that is not known.  Databases of ClamAV
 *      tell it themselves; else it is when a file there was changed last.
 *
 * incidents
 *      Values:         a window (see below) of lines "SERIAL TIME EVENT PID UID
 *                      SIZE DIGEST NAME PROCESS PATH"
 *      Written by:     back, at most VSCANIF_MAX_INCIDENT_WRITES times in a
 *                      second
 *      Read by:        toolstack
 *
 *      An incident is an answer VSCANIF_VERDICT_INFECTED:
 *        TIME          when it was answered, in seconds since 1970
 *        EVENT         what the program did, as verdict.h calls it
 *        PID UID       of the program; the guest's word
 *        SIZE          octets of content
 *        DIGEST        SHA-256 of the content, 64 hex digits in lower case.
 *                      With scan=in-place it is of the pages as they were
 *                      before the scan; 0 when there is none
 *        NAME          as in the response, a WORD (see "Policy nodes")
 *        PROCESS PATH  as in the info page, the guest's words, WORDs; "-" for
 *                      one that is empty, and "..." in place of the path's
 *                      beginning when it is too long
 *
 * question, answer
 *      See "Questions" below.  Asked is the back, in the folder of the guest
 *      that it is about.
 *
 * reload
 *      Values:         uint32
 *      Written by:     toolstack
 *      Read by:        back
 *
 *      Beside the folders of the guests: /local/domain/3/backend/vscan/reload.
 *      With each new value the back looks whether there are other signatures.
 *
 ******************************************************************************
 *                             Front nodes
 ******************************************************************************
 *
 * backend, backend-id
 *      Written by:     toolstack
 *      Read by:        front
 *
 * state
 *      Values:         XenbusState, see "States" below
 *      Written by:     toolstack ("1", at creation), front
 *      Read by:        back, toolstack
 *
 * version
 *      Values:         one of the back's versions
 *      Written by:     front, together with XenbusStateInitialised
 *      Read by:        back
 *
 * ring-ref
 *      Values:         uint32, grant reference of the ring's first page, not 0
 *      Written by:     front, together with XenbusStateInitialised
 *      Read by:        back
 *
 * ring-refs
 *      Values:         grant references of all pages of the ring, the first of
 *                      which is that of ring-ref, uint32, not 0, separated by
 *                      commas, 2 ... max-ring-pages of them
 *      Default:        absent: the ring is one page
 *      Written by:     front, together with XenbusStateInitialised
 *      Read by:        back
 *
 *      When the first of them is not that of ring-ref, they are those of an
 *      earlier front, and the one that is there now knows of one page alone: as
 *      if absent.
 *
 * event-channel
 *      Values:         uint32, port in the guest, not 0
 *      Written by:     front, together with XenbusStateInitialised
 *      Read by:        back
 *
 * pool-pages, pool-refs
 *      Values:         pool-pages: 1 ... max-pool-pages.  pool-refs: grant
 *                      references of the pool's directory pages, uint32, not 0,
 *                      separated by commas, exactly as many as are needed
 *      Default:        absent, both: there is no pool
 *      Written by:     front, together with XenbusStateInitialised
 *      Read by:        back
 *
 * connection-id
 *      Values:         uint32, not 0, another one for every connection
 *      Written by:     front, together with XenbusStateInitialised
 *      Read by:        back
 *
 * not-covered
 *      Values:         lines "TYPE PATH: REASON", at most 1024 octets, "..."
 *                      where more would follow; absent when there are none
 *      Written by:     front
 *      Read by:        toolstack
 *
 *      Filesystems in the guest whose files are not scanned.  Every octet of
 *      it is the guest's word.
 *
 * remedies
 *      Values:         a window (see below) of lines "SERIAL TIME RESULT ID
 *                      PID UID NAME PATH"; absent before the first
 *      Written by:     front, at most VSCANIF_MAX_INCIDENT_WRITES times in a
 *                      second
 *      Read by:        toolstack
 *
 *      What the front has done to infected files beside denying the access, by
 *      the policy's "remedy".  All of it is the guest's word:
 *        TIME          when, in seconds since 1970
 *        RESULT        quarantined; deleted; gone, when somebody else had
 *                      removed it; or failed
 *        ID            of the item in the quarantine, 16 hex digits in lower
 *                      case, when quarantined; else "-"
 *        PID UID       of the program whose access it was
 *        NAME PATH     as in "incidents"
 *
 * answer
 *      See "Questions" below.
 *
 * policy-generation
 *      Values:         uint32; absent when no policy has been in force yet
 *      Written by:     front, when a policy has come into force, and together
 *                      with XenbusStateInitialised
 *      Read by:        toolstack
 *
 *      "generation" of the policy (see "Policy nodes") by which the front
 *      answers accesses; "0" for a policy without one.  The guest's word.
 *
 ******************************************************************************
 *                               Windows
 ******************************************************************************
 *
 * A window is a node that tells of the newest of many things: a line "LIFE NR",
 * then, the oldest first, as many lines as fit into VSCANIF_MAX_TEXT
 * octets, each with at most VSCANIF_MAX_LINE.  Things are numbered by
 * SERIAL, 1, 2, ... in one life of the writer; LIFE is a random uint32, not 0,
 * that is another one in the next life, and NR is the newest SERIAL, 0 before
 * the first.  Nobody takes anything out of a window, and it stays whatever
 * becomes of the connection: a reader sees by LIFE and SERIAL what is new to it,
 * and how many it has missed.  Of numbers, words and hex digits each is written
 * in one way only.
 *
 ******************************************************************************
 *                              Questions
 ******************************************************************************
 *
 * question
 *      Values:         "NR WORDS"; absent before the first
 *      Written by:     toolstack: for the front in the policy folder, for the
 *                      back in the back's folder, together with "online"
 *      Read by:        front or back
 *
 * answer
 *      Values:         "NR", then lines; at most VSCANIF_MAX_TEXT octets
 *      Written by:     front or back, in its own folder
 *      Read by:        toolstack
 *
 *      NR is a uint32, not 0, another one with each question, and an answer has
 *      that of its question.  A question that is replaced before it has been
 *      answered need not be answered.  No access is held up because of one.
 *      Lines that do not fit are left out, the last ones.  What is said is the
 *      guest's or the scanner's word; in it, "-" stands for a WORD that is
 *      empty.  WORDS are:
 *
 *        stats                Front and back.  Lines "KEY VALUE", VALUE a
 *                             uint64, KEY 1 ... VSCANIF_MAX_KEY octets of a-z,
 *                             0-9 and "-", each once.  The back adds lines "file
 *                             US NR OCTETS WORD" and "process US NR OCTETS
 *                             WORD": the paths, and the programs, whose
 *                             requests have taken it longest of late, the
 *                             costliest first; microseconds from request to
 *                             answer, requests, octets of content.
 *                             There are always: of the front events, held,
 *                             record-hits, infected, not-scanned; of the back
 *                             requests, known (answered without a scan),
 *                             octets, answer-us.
 *        quarantine SKIP      Front.  A line "items NR OCTETS", all that there
 *                             are; then, the newest first, beginning after the
 *                             SKIP newest, lines "item ID TIME SIZE NAME PATH".
 *        selftest             Front.  A file with the harmless EICAR text is
 *                             written and opened, as any program would: a line
 *                             "selftest RESULT US WORD", RESULT denied, allowed
 *                             or failed, the microseconds that the open took,
 *                             and how or why; "-": there is nothing to say.
 *        outbreak DIGEST NAME Front.  An announcement: this content has been
 *                             found in several guests of the host, under this
 *                             name (a WORD).  The front says so in its log and,
 *                             with notify=yes, to those who are logged in, and
 *                             forgets what it knows of clean files.  A line
 *                             "done".
 *        anything else        A line "unknown".
 *
 ******************************************************************************
 *                             Policy nodes
 ******************************************************************************
 *
 * policy
 *      Values:         words KEY=VALUE separated by one blank, each key once,
 *                      in any order; empty: all defaults
 *
 *        mode=enforce|monitor|off
 *                             enforce: accesses are held, scanned and answered
 *                             as the other keys say.  monitor: they are held
 *                             and scanned, but each is allowed, whatever the
 *                             verdict; nothing is done to files, and nobody is
 *                             told, but what would have been denied is counted.
 *                             off: nothing is held or scanned.
 *                             Default: enforce
 *        fail=open|closed     What an access gets that has no verdict: open
 *                             allows it, closed denies it.
 *                             Default: open
 *        allow=REASON,...     Reasons for having no verdict that allow or deny
 *        deny=REASON,...      an access whatever "fail" says: the words of
 *                             verdict.h, each once, in one of the two.
 *                             Default: none
 *        timeout-ms=NUMBER    Longest time that an access is held;
 *                             VSCANIF_MIN_TIMEOUT_MS ... VSCANIF_MAX_TIMEOUT_MS
 *                             Default: VSCANIF_DEFAULT_TIMEOUT_MS
 *        read=yes|no          Each read of a file is held, not only its open
 *                             and exec.
 *                             Default: no
 *        close-write=yes|no   A file is scanned when it is closed after
 *                             writing; nobody waits for that.
 *                             Default: yes
 *        notify=yes|no        The user is told when something is found.
 *                             Default: yes
 *        remedy=deny|quarantine|delete
 *                             What is done with an infected file beside that
 *                             the access is denied: nothing, moved away, or
 *                             deleted.
 *                             Default: deny
 *        scan=snapshot|in-place
 *                             What the back scans of content that it does not
 *                             know yet: a private copy, or the granted pages
 *                             themselves, for guests that are trusted.  See
 *                             "Scanning in place".
 *                             Default: snapshot
 *        engines=all|NAME,... Which of the back's engines scan content: all, or
 *                             those with these names, as in the node "engines";
 *                             1 ... VSCANIF_MAX_ENGINES of them, each once.  See
 *                             "Engines of a guest".
 *                             Default: all
 *        history=yes|no       no: content is neither looked up in the back's
 *                             history of what has been scanned nor kept there,
 *                             and no scan of it serves another request.
 *                             Default: yes
 *        transport=auto|pool|stream|pages|per-request
 *                             How content reaches the back.  auto: what takes a
 *                             quarter of the page pool at most goes through
 *                             that when there is room now, else in pages that
 *                             are granted for the request, and what is too
 *                             large for one request in pieces.  pool: what fits
 *                             into the pool waits until there is room there, all
 *                             else goes in pieces.  stream: all goes in pieces.
 *                             pages: as auto, but what one request can name never
 *                             goes through the pool, if the guest can grant a
 *                             file's own pages.  per-request: there is no pool,
 *                             and nothing goes in pieces.
 *                             Pages that are granted for a request are, with auto
 *                             and pages, the file's own where the guest can do
 *                             that; else copies.
 *                             Default: auto
 *        max-file-mib=NUMBER  Larger files are not scanned (too-large), nor
 *                             read; in units of 2^20 octets, 1 ...
 *                             VSCANIF_MAX_STREAM_MIB.
 *                             Default: VSCANIF_DEFAULT_FILE_MIB
 *        pool-pages=NUMBER    Pages of the pool: 1 ... VSCANIF_MAX_POOL_PAGES,
 *                             from the next connection on, which a change
 *                             brings about.
 *                             Default: VSCANIF_DEFAULT_POOL_PAGES
 *        run=WORD             A program that the front runs when something is
 *                             found: one absolute path, 1 ... VSCANIF_MAX_RUN
 *                             octets when decoded.
 *                             Default: none
 *        exclude-path=LIST    Files whose accesses are not held: absolute
 *                             paths; one that ends with "/" is all below it,
 *                             one with "*", "?" or "[" is a pattern.
 *                             Default: none
 *        exclude-fs=LIST      Types of filesystems that are not covered, as in
 *                             /proc/self/mountinfo.
 *                             Default: none
 *        exclude-exe=LIST     Programs whose accesses are not held: absolute
 *                             paths of their executables.
 *                             Default: none
 *        exclude-uid=LIST     Users whose accesses are not held: 0 ...
 *                             4294967294, the filesystem uid of the process.
 *                             Default: none
 *
 *        A LIST is one or more WORDs with commas between them, as many as fit
 *        into the node.  A WORD is one or more octets, none of them NUL; any
 *        octet may, and blank, comma and percent must, be written as %XX with
 *        two hex digits of either case.
 *
 *      Written by:     toolstack
 *      Read by:        front, back ("scan", "engines" and "history" alone,
 *                      when "online" is written or the front connects),
 *                      toolstack
 *
 *      One node, so that no half-written policy can be read.  A policy that
 *      does not parse leaves the one before in force, with the front's
 *      "policy-generation" as it was, and is named in the front's "error" node.
 *      To the back, one that cannot be read, does not parse or is not there says
 *      scan=snapshot, and as to engines and history what the one before said; if
 *      there was none, engines=all, and history=no unless it is not there.
 *
 * generation
 *      Values:         uint32, not 0; absent: 0
 *      Written by:     toolstack, together with "policy"
 *      Read by:        front, before and after "policy": the same if nobody
 *                      has written between
 *
 *      1 when the device is created, and the next number with each write of
 *      "policy", be it the same text (1 after the highest); as it was when the
 *      device is moved to another back.  It is compared only.
 *
 *---------------------------- Engines of a guest -----------------------------
 *
 * Content is clean for a guest when each engine of its policy has called it
 * clean, and infected when one of them has found something.  What one guest has
 * had scanned is known to others so far: as clean where all engines that they ask
 * for have called it so, as infected where one of these has found something.
 *
 * Content that needs an engine which the back does not run is scanned by the
 * others that are asked for; it may be infected, but is not clean: not scanned,
 * for VSCANIF_REASON_RESOURCES, as it is while an engine is down, and unless the
 * back was told that what is down is not needed.  Where that leaves no engine at
 * all, it is not scanned in any case.  The node "engines" of this guest has a line
 * for a name that the back does not run, and its state is "down".
 *
 * A request that is in flight when the policy changes is answered by the one or
 * the other.  As the generation (see "Generation") stands for the engines, too,
 * it is another one for this guest when its engines change; a response to a request
 * from before that may then have one that was never announced.
 *
 *---------------------------- Scanning in place ------------------------------
 *
 * By default an engine sees a private copy that nobody can change any more.
 * With scan=in-place it reads the pages as the guest has granted them, and no
 * copy is made, but of a stream.  A guest that changes its pages meanwhile can
 * crash the worker that scans for it, or take it over, and get any verdict for any
 * content.  All that falls on this guest alone: the worker serves no other guest,
 * can map no pages but those that it is to scan, and its verdicts are not kept for
 * anybody.
 */

/*
 ******************************************************************************
 *                               STATES
 ******************************************************************************
 *
 *-------------------------------- Normal flow --------------------------------
 *
 * Front                                Back
 * =================================    =====================================
 * XenbusStateInitialising              XenbusStateInitialising
 *                                       o writes versions, limits, features
 *                                      XenbusStateInitWait
 *  o reads the back's nodes
 *  o allocates ring and channel, and the
 *    pool, if there is none for this back
 *  o writes version, ring-ref,
 *    event-channel, pool-pages,
 *    pool-refs, ring-refs,
 *    connection-id,
 *    and the state last
 * XenbusStateInitialised
 *                                       o reads the front's nodes in one
 *                                         transaction
 *                                       o maps ring and pool, binds the
 *                                         channel
 *                                       o writes connection-id and the state
 *                                         in one transaction
 *                                      XenbusStateConnected
 *  o compares connection-id
 * XenbusStateConnected
 *
 *-------------------------------- Recovery -----------------------------------
 *
 * Each side may vanish at any moment and come back with no memory.  A side
 * that starts writes its first state whatever it finds there: the front
 * XenbusStateInitialising, the back XenbusStateInitWait.  So does one that
 * finds another state in its own node than the one it wrote: the toolstack has
 * removed the device and made it anew.  What each then does is a function of
 * its own state and of the peer's ("-": nothing), evaluated whenever one of
 * the two has changed:
 *
 *  Front \ back   Init- Init- Initia- Con-    Closing  Closed  absent
 *                 ial.  Wait  lised   nected
 *  Initialising   -     pub.  -       -       -        -       -
 *  Initialised    res.  -     res.    conn.   close    close   res.
 *  Connected      res.  pub.  res.    check   close    close   res.
 *  Closed         -     pub.  -       -       -        -       -
 *
 *      pub.   drop what there was, allocate ring and channel, publish them,
 *             Initialised.  The pool, if there is one for this back, stays
 *      conn.  if the back's connection-id is ours: Connected, written before
 *             the first request, then as res. if the back's live octet (see
 *             below) is 0 already; else nothing
 *      check  nothing if the back's connection-id is ours, else as res.
 *      res.   drop ring and channel, Initialising
 *      close  drop ring and channel, Closed
 *
 * A front that closed by itself ("error": no version in common, no memory)
 * leaves Closed when the back writes its state anew, or after some seconds; one
 * that closed because the back broke the protocol, only after some seconds.
 *
 *  Back \ front   Init- Init- Initia- Con-    Closing  Closed  absent
 *                 ial.  Wait  lised   nected
 *  InitWait       -     -     conn.   -       -        -       -
 *  Connected      res.  res.  check   check   res.     res.    res.
 *  Closed         res.  -     -       -       -        -       -
 *
 *      conn.  read the front's nodes, map, bind, Connected; if they are
 *             malformed: "error", Closed; if ring or pool cannot be mapped, or the
 *             front's live octet is 0: "error", and nothing, as that front may
 *             have died and be about to publish another ring
 *      check  nothing if the front's connection-id is the connected one,
 *             else as res.
 *      res.   drop ring and channel, InitWait
 *
 * The back goes to Closed for good when "online" is "0" or its folder is gone.
 * It also goes to Closed, with "error", when the front breaks the protocol,
 * and leaves that state only when the front starts anew (Initialising).
 *
 * Death of the peer's process: the octets VSCANIF_BACK_LIVE_OFFSET and
 * VSCANIF_FRONT_LIVE_OFFSET of the ring page are set to 1 by the back when it
 * has mapped the ring and by the front when it has made it.  Each side asks its
 * kernel to clear its own octet and to signal the event channel when its
 * mapping goes away (IOCTL_GNTDEV_SET_UNMAP_NOTIFY,
 * IOCTL_GNTALLOC_SET_UNMAP_NOTIFY), which happens however the process ends.  A side that finds the other's octet 0
 * while connected drops ring and channel: the front goes to Initialising, the
 * back to InitWait.
 *
 * A front may also go from Connected to Initialising because the back has
 * answered nothing for as long as an access may be held.
 *
 * Neither side lets the other one begin connections without end: of "conn." by the
 * back, and "pub." by the front, there may be sixteen in a row, and one more every
 * two seconds after that.  Until then it stays in XenbusStateInitWait, or
 * XenbusStateInitialising.
 *
 * Requests that were in flight when a connection ended are lost to the back;
 * the front sends them again on the next one, or gives them up.
 *
 *------------------------------- Generation ----------------------------------
 *
 * The generation is a number, never 0, that stands for the engines of the guest
 * and the signatures a verdict is made with: the same after a restart of the back
 * with the same ones, another with others.  It has no order, and is compared only.
 *
 * The eight octets VSCANIF_GENERATION_OFFSET of the ring page hold the
 * generation that is in use now, read and written by one access of 64 bits.
 * The back writes them when it has mapped the ring, before
 * XenbusStateConnected, and whenever its signatures or the guest's engines have
 * changed; then it signals the event channel.  It puts no response with a generation on the
 * ring before it has written that generation there.  The front reads them when
 * it is connected, after each event, and after it has seen a response, before
 * it makes use of that.  When they are others than before, it forgets what it
 * knows of clean files.
 *
 * A back may lie in all of this: a front relies on no relation between what it
 * reads there, now and later, and what responses name.
 *
 *------------------------------- Cancelling ----------------------------------
 *
 * A front that needs no answer to a request any more may say so, that nobody
 * scans in vain.  The eight octets VSCANIF_CANCEL_OFFSET of the ring page are 0,
 * or VSCANIF_CANCEL_FLAG and in their low half the id of a request in flight.
 * The front writes them, by one access of 64 bits, when they are 0, and signals
 * the event channel.  The back takes them, after each event, by an exchange with
 * 0, and answers the request as soon as it can: not scanned, for
 * VSCANIF_REASON_TIMEOUT; or, when it has a verdict by then, with that.  Each
 * request is answered once in any case, and its pages stay granted until then.
 * An id that is not in flight is no violation: its response may be on its way.
 *
 * A back that does not know of this leaves the octets as they are; its front
 * cancels no more than one request, and nothing else differs.
 */

/*
 ******************************************************************************
 *                               LIMITS
 ******************************************************************************
 * VSCANIF_PAGE_SIZE is the size of a granted page, whatever the guest's own.
 */
#define VSCANIF_PAGE_SIZE               4096
/* Content pages of one request: 32 MiB. */
#define VSCANIF_MAX_REQUEST_PAGES       8192
/* Directory pages of one request, and grant references in each. */
#define VSCANIF_MAX_DIR_PAGES           8
#define VSCANIF_DIR_REFS                1024
/* Pages of a ring. */
#define VSCANIF_MAX_RING_PAGES          3
/* Pages of a pool, and its directory pages. */
#define VSCANIF_MAX_POOL_PAGES          4096
#define VSCANIF_MAX_POOL_DIRS           4
#define VSCANIF_DEFAULT_POOL_PAGES      512
/* Content of a stream, in units of 2^20 octets: the engines end below 2^31. */
#define VSCANIF_MAX_STREAM_MIB          2047
#define VSCANIF_DEFAULT_FILE_MIB        100
/* Grant references in the info page itself. */
#define VSCANIF_INFO_REFS               512
/* Octets of a path in the info page, the closing NUL included. */
#define VSCANIF_MAX_PATH                1984
/* Octets of a program's path there, the closing NUL included. */
#define VSCANIF_MAX_PROCESS             48
/* Octets of the detections' names in a response, the closing NUL included. */
#define VSCANIF_MAX_NAME                96
/* Octets of a xenstore node's value. */
#define VSCANIF_MAX_NODE                2048
/* Octets of a line in a window, or in an answer: two of the longest fit. */
#define VSCANIF_MAX_LINE                960
/* Octets of a window, and of an answer: of VSCANIF_MAX_NODE, xenstored's bound
 * for a domU, it takes some itself, for a head and the permissions. */
#define VSCANIF_MAX_TEXT                1984
/* Writes of a window in a second. */
#define VSCANIF_MAX_INCIDENT_WRITES     10
/* Octets of a KEY in an answer to "stats". */
#define VSCANIF_MAX_KEY                 32
/* Engines of a back, and octets of the name of one. */
#define VSCANIF_MAX_ENGINES             8
#define VSCANIF_MAX_ENGINE_NAME         16
/* How long an access may be held, in milliseconds. */
#define VSCANIF_MIN_TIMEOUT_MS          100
#define VSCANIF_MAX_TIMEOUT_MS          600000
#define VSCANIF_DEFAULT_TIMEOUT_MS      30000
/* Octets of the path of a program that a policy has run. */
#define VSCANIF_MAX_RUN                 255

/*
 ******************************************************************************
 *                               PACKETS
 ******************************************************************************
 * All fields are little-endian, as all x86 guests are.  Reserved octets are 0
 * when written and must be 0 when read.
 *
 *----------------------------------- Ring ------------------------------------
 *
 * The only pages that both sides write: that of Xen's ring.h with slots of 128
 * octets after a head of 64, the number of slots the largest power of two that
 * fits: VSCANIF_RING_SIZE on one page, twice as many on two,
 * VSCANIF_MAX_RING_SIZE on three.  A slot may lie on two pages.  What else the
 * head holds (see "Recovery", "Generation", "Cancelling") is in the first page,
 * and so are the live octets that the kernels clear.
 *
 * An index never goes back, nor beyond what the ring holds: a side that finds so
 * is free to take the protocol for broken.
 *
 * Each side signals the event channel as ring.h has it: only who has asked for an
 * event, and once for all that is put there together.  A side that gets events
 * with which no request or response has come, one after the other, may be some
 * milliseconds late for the next ones.
 *
 *--------------------------------- Request -----------------------------------
 *         0                1                 2               3        octet
 * +----------------+----------------+----------------+----------------+
 * |                                id                                 | 4
 * +----------------+----------------+----------------+----------------+
 * |   operation    |     event      |            nr_dirs              | 8
 * +----------------+----------------+----------------+----------------+
 * |                          size (low octets)                        | 12
 * +----------------+----------------+----------------+----------------+
 * |                          size (high octets)                       | 16
 * +----------------+----------------+----------------+----------------+
 * |                             nr_pages                              | 20
 * +----------------+----------------+----------------+----------------+
 * |                             info_ref                              | 24
 * +----------------+----------------+----------------+----------------+
 * |                            dir_ref[0]                             | 28
 * +/\/\/\/\/\/\/\/\+/\/\/\/\/\/\/\/\+/\/\/\/\/\/\/\/\+/\/\/\/\/\/\/\/\+
 * |                            dir_ref[7]                             | 56
 * +----------------+----------------+----------------+----------------+
 * |                             reserved                              | 60
 * +/\/\/\/\/\/\/\/\+/\/\/\/\/\/\/\/\+/\/\/\/\/\/\/\/\+/\/\/\/\/\/\/\/\+
 * |                             reserved                              | 128
 * +----------------+----------------+----------------+----------------+
 *
 * id - chosen by the front, not in use by another request in flight; the
 *   response carries it back.
 * operation - VSCANIF_OP_SCAN, or VSCANIF_OP_SCAN_POOL: all pages are in the
 *   pool.  For the other two see "Streams".
 * event - VSCANIF_EVENT_*: what the program did.
 * size - octets of content, 1 ... nr_pages * VSCANIF_PAGE_SIZE, more than
 *   (nr_pages - 1) * VSCANIF_PAGE_SIZE.  An empty file is not sent.
 * nr_pages - pages of content, 1 ... max-request-pages.
 * info_ref - grant reference of the info page.  In the pool: number of the
 *   page there, counted from 0; the content is in the nr_pages pages after it.
 * nr_dirs, dir_ref - directory pages: exactly as many as are needed for the
 *   references that do not fit into the info page; unused dir_ref are 0.  In the
 *   pool all are 0.
 *
 * All pages are granted read-only.  They stay granted, and in the pool as they
 * are, until the response has come or the connection has ended.
 *
 *-------------------------------- Page pool ----------------------------------
 *
 * A set of pages that the front grants once, read-only, before it publishes
 * pool-pages and pool-refs, and that the back maps once, when it connects, and
 * lets go of when the connection ends.  The next connection may have the same
 * ones.  A directory page is an array of VSCANIF_DIR_REFS grant references, those
 * of the pool's pages in order; what it has beyond them is of no meaning.  Which
 * pages are in use is the front's business alone.
 * No page of the pool ever has other content than what was to be scanned, info
 * pages, and zeroes.
 *
 *--------------------------------- Streams -----------------------------------
 *
 * What is too large for one request goes through the pool in pieces.
 * VSCANIF_OP_STREAM begins it: size is that of all the content, at most
 * max-stream-mib; info_ref is a page of the pool, as in VSCANIF_OP_SCAN_POOL;
 * nr_pages is 0.  Then come pieces, VSCANIF_OP_PIECE, each with an id of its
 * own, in the order of the content, until they have as many octets as the
 * stream:
 *   size - octets of this piece.
 *   nr_pages - pages of content, as many as it takes; 0: the piece is a hole,
 *      octets that are all 0, and has no pages.
 *   info_ref - the first of its pages in the pool; 0 for a hole.
 *   dir_ref[0] - id of the stream's request; all other dir_ref are 0.
 * A piece of size 0 with no pages ends the stream before its end: the front could
 * not read on, or needs no answer any more.
 *
 * Each piece is answered, VSCANIF_VERDICT_TAKEN, when the back needs its pages no
 * more; the front has as few or as many on their way as it likes.  The stream's
 * own request is answered once: with a verdict on all of it; or before, not
 * scanned, when the back cannot take it, it was ended, or not all of it has come
 * after VSCANIF_MAX_TIMEOUT_MS.  Pieces that were on their way by then are
 * answered all the same.  There is one stream at a time: the next one begins when
 * the request and all pieces of the one before have been answered.  A back may
 * let a request, and so a stream with its pieces, wait on the ring until what it
 * scans of earlier connections has ended.
 *
 *-------------------------------- Info page ----------------------------------
 *
 * struct vscanif_info: who opened which file, then the first VSCANIF_INFO_REFS
 * grant references of content pages.  Path and process (the path of its program;
 * "..." in place of its beginning when it is too long) are what the guest says,
 * for messages: nothing is decided by them.
 *
 * A directory page is an array of VSCANIF_DIR_REFS grant references.  In the
 * pool "ref" is all 0.
 *
 *-------------------------------- Response -----------------------------------
 *         0                1                 2               3        octet
 * +----------------+----------------+----------------+----------------+
 * |                                id                                 | 4
 * +----------------+----------------+----------------+----------------+
 * |   operation    |    verdict     |     reason     |    reserved    | 8
 * +----------------+----------------+----------------+----------------+
 * |                       generation (low octets)                     | 12
 * +----------------+----------------+----------------+----------------+
 * |                       generation (high octets)                    | 16
 * +----------------+----------------+----------------+----------------+
 * |                             reserved                              | 20
 * +/\/\/\/\/\/\/\/\+/\/\/\/\/\/\/\/\+/\/\/\/\/\/\/\/\+/\/\/\/\/\/\/\/\+
 * |                             reserved                              | 32
 * +----------------+----------------+----------------+----------------+
 * |                              name[0]                              | 36
 * +/\/\/\/\/\/\/\/\+/\/\/\/\/\/\/\/\+/\/\/\/\/\/\/\/\+/\/\/\/\/\/\/\/\+
 * |                              name[92]                             | 128
 * +----------------+----------------+----------------+----------------+
 *
 * id, operation - those of the request.
 * verdict - VSCANIF_VERDICT_*.
 * reason - VSCANIF_REASON_*; VSCANIF_REASON_NONE unless not scanned.
 * generation - of the signatures that the verdict was made with; 0 only when
 *   nothing was scanned.
 * name - when infected, "ENGINE:DETECTION" of each engine that has found
 *   something, with blanks between, NUL-terminated, cut where it does not fit;
 *   for messages.  Else empty.
 */
#define VSCANIF_OP_SCAN                 1
#define VSCANIF_OP_SCAN_POOL            2
#define VSCANIF_OP_STREAM               3
#define VSCANIF_OP_PIECE                4

#define VSCANIF_EVENT_OPEN              1
#define VSCANIF_EVENT_EXEC              2
/* A read of a file that is open (policy "read"). */
#define VSCANIF_EVENT_READ              3
/* Nobody waits: the file was closed after writing (policy "close-write"). */
#define VSCANIF_EVENT_CLOSE_WRITE       4

#define VSCANIF_VERDICT_CLEAN           1
#define VSCANIF_VERDICT_INFECTED        2
/* No verdict on the content: never to be taken for clean. */
#define VSCANIF_VERDICT_NOT_SCANNED     3
/* Of a piece alone: its pages are the front's. */
#define VSCANIF_VERDICT_TAKEN           4

#define VSCANIF_REASON_NONE             0
/* More content than the engine or the back takes. */
#define VSCANIF_REASON_TOO_LARGE        1
/* An engine limit (recursion, files, size inside an archive) was hit. */
#define VSCANIF_REASON_LIMITS           2
/* The scan took longer than the back allows. */
#define VSCANIF_REASON_TIMEOUT          3
/* The engine failed or died on this content. */
#define VSCANIF_REASON_ENGINE           4
/* The back had no memory, no worker or no engine. */
#define VSCANIF_REASON_RESOURCES        5
/* The granted pages could not be read. */
#define VSCANIF_REASON_GRANT            6

struct vscanif_request {
    uint32_t id;
    uint8_t operation;
    uint8_t event;
    uint16_t nr_dirs;
    uint64_t size;
    uint32_t nr_pages;
    grant_ref_t info_ref;
    grant_ref_t dir_ref[VSCANIF_MAX_DIR_PAGES];
    uint8_t reserved[72];
};

struct vscanif_response {
    uint32_t id;
    uint8_t operation;
    uint8_t verdict;
    uint8_t reason;
    uint8_t reserved0;
    uint64_t generation;
    uint8_t reserved[16];
    char name[VSCANIF_MAX_NAME];
};

struct vscanif_info {
    uint32_t pid;
    uint32_t uid;
    char process[VSCANIF_MAX_PROCESS];
    uint8_t reserved[8];
    char path[VSCANIF_MAX_PATH];
    grant_ref_t ref[VSCANIF_INFO_REFS];
};

DEFINE_RING_TYPES(vscanif, struct vscanif_request, struct vscanif_response);

/* Requests that can be in flight on the one-page ring. */
#define VSCANIF_RING_SIZE  __CONST_RING_SIZE(vscanif, VSCANIF_PAGE_SIZE)

/* ... and on the largest one. */
#define VSCANIF_MAX_RING_SIZE \
    __CONST_RING_SIZE(vscanif, VSCANIF_MAX_RING_PAGES * VSCANIF_PAGE_SIZE)

/* Octets of the ring page that tell whether the peer's process lives. */
#define VSCANIF_BACK_LIVE_OFFSET   offsetof(struct vscanif_sring, pvt)
#define VSCANIF_FRONT_LIVE_OFFSET  (offsetof(struct vscanif_sring, pvt) + 1)

/* Eight octets of the ring page: the generation of the back's signatures. */
#define VSCANIF_GENERATION_OFFSET  (offsetof(struct vscanif_sring, pvt) + 8)

/* Eight octets of the ring page: the request that is cancelled. */
#define VSCANIF_CANCEL_OFFSET      (offsetof(struct vscanif_sring, pvt) + 16)
#define VSCANIF_CANCEL_FLAG        ((uint64_t)1 << 32)

_Static_assert(sizeof(struct vscanif_request) == 128, "request is 128 octets");
_Static_assert(offsetof(struct vscanif_request, size) == 8, "no hole");
_Static_assert(offsetof(struct vscanif_request, dir_ref) == 24, "no hole");
_Static_assert(offsetof(struct vscanif_request, reserved) == 56, "no hole");
_Static_assert(sizeof(struct vscanif_response) == 128,
               "response is 128 octets");
_Static_assert(offsetof(struct vscanif_response, generation) == 8, "no hole");
_Static_assert(offsetof(struct vscanif_response, reserved) == 16, "no hole");
_Static_assert(offsetof(struct vscanif_response, name) == 32, "no hole");
_Static_assert(VSCANIF_GENERATION_OFFSET % sizeof(uint64_t) == 0,
               "one access");
_Static_assert(VSCANIF_CANCEL_OFFSET % sizeof(uint64_t) == 0, "one access");
_Static_assert(VSCANIF_CANCEL_OFFSET + sizeof(uint64_t) <=
               offsetof(struct vscanif_sring, ring), "before the slots");
_Static_assert(VSCANIF_RING_SIZE == 16 && VSCANIF_MAX_RING_SIZE == 64,
               "as \"Ring\" says");
_Static_assert(sizeof(struct vscanif_info) == VSCANIF_PAGE_SIZE, "one page");
_Static_assert(offsetof(struct vscanif_info, path) == 64, "no hole");
_Static_assert(offsetof(struct vscanif_info, ref) == 2048, "no hole");
_Static_assert(VSCANIF_DIR_REFS * sizeof(grant_ref_t) == VSCANIF_PAGE_SIZE,
               "a directory is one page");
_Static_assert(VSCANIF_INFO_REFS + VSCANIF_MAX_DIR_PAGES * VSCANIF_DIR_REFS >=
               VSCANIF_MAX_REQUEST_PAGES, "the directories hold a request");

#endif /* XEN_PUBLIC_IO_VSCANIF_H */
