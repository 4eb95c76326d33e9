# shellcheck shell=sh
#
# Back end: a VirtualBox guest for each node, a linked clone of a FreeBSD
# machine that the user has installed: with the MPTCP kernel, sshd, and root's
# authorized_keys.  Links are internal networks; a first adapter behind NAT,
# em0 or vtnet0 in the guest, carries ssh from the host.
#
# shellcheck disable=SC2154 # work, print, state and the options are testbed's

vm_name()		{ echo "mptb-$1"; }

# Adapter 1 is for ssh; the links follow in the order of the topology.
adapter_of()		# NODE LINK
{
	awk -v n="$1" -v l="$2" '$1 == n { i++; if ($2 == l) print i + 1 }' "$work/ends"
}

interface_name()	# NODE LINK
{
	echo "vtnet$(($(adapter_of "$1" "$2") - 1))"
}

ssh_port()		# NODE
{
	awk -v n="$1" '$2 == n { print 47000 + NR }' "$work/nodes"
}

backend_check()
{
	command -v VBoxManage >/dev/null || die "VBoxManage is missing; install VirtualBox"
	[ -n "$base_vm" ] || die "--base-vm NAME is needed: a FreeBSD machine to clone"
	VBoxManage showvminfo "$base_vm" >/dev/null 2>&1 || die "VirtualBox has no machine $base_vm"
	[ -n "$ssh_key" ] || ssh_key=$HOME/.ssh/id_ed25519
	[ -f "$ssh_key" ] || die "there is no key $ssh_key; say --ssh-key FILE"
	echo "$ssh_key" >"$work/ssh_key"
}

backend_create()
{
	vm=${base_vm:-BASE}
	run VBoxManage snapshot "$vm" take mptb
	for g in $(node_names); do
		name=$(vm_name "$g")
		run VBoxManage clonevm "$vm" --snapshot mptb --options link --name "$name" --register
		set -- VBoxManage modifyvm "$name" --memory "$memory" --nic1 nat --nictype1 virtio \
		    --natpf1 "ssh,tcp,127.0.0.1,$(ssh_port "$g"),,22"
		for l in $(links_of "$g"); do
			a=$(adapter_of "$g" "$l")
			set -- "$@" "--nic$a" intnet "--intnet$a" "mptb-$l" "--nictype$a" virtio \
			    "--cableconnected$a" on
		done
		run "$@"
		run VBoxManage startvm "$name" --type headless
	done
	if [ "$print" = yes ]; then return 0; fi
	cp "$work/ssh_key" "$state/ssh_key"
	echo "$vm" >"$state/base_vm"
	for g in $(node_names); do
		wait_ssh "$g"
	done
}

guest_ssh()		# NODE COMMAND...
{
	port=$(ssh_port "$1")
	shift
	ssh -q -i "$(cat "$state/ssh_key")" -p "$port" -o BatchMode=yes -o ConnectTimeout=5 \
	    -o StrictHostKeyChecking=no -o UserKnownHostsFile="$state/known_hosts" \
	    root@127.0.0.1 "$@"
}

wait_ssh()		# NODE
{
	tries=0
	until guest_ssh "$1" true </dev/null; do
		tries=$((tries + 1))
		[ $tries -lt 60 ] || die "the guest $1 does not answer ssh"
		sleep 2
	done
	echo "hostname $1" | guest_ssh "$1" sh
}

backend_script()	{ guest_ssh "$1" 'cat >/tmp/.testbed; sh /tmp/.testbed </dev/null'; }

backend_state()
{
	VBoxManage showvminfo "$(vm_name "$1")" --machinereadable 2>/dev/null |
	    sed -n 's/^VMState="\(.*\)"/\1/p' | grep . || echo gone
}

backend_destroy()
{
	for g in $(node_names); do
		name=$(vm_name "$g")
		if [ "$print" = yes ]; then
			run VBoxManage controlvm "$name" poweroff
			run VBoxManage unregistervm "$name" --delete
			continue
		fi
		VBoxManage controlvm "$name" poweroff >/dev/null 2>&1 || :
		sleep 1
		VBoxManage unregistervm "$name" --delete >/dev/null 2>&1 || :
	done
	vm=${base_vm:-BASE}
	[ ! -f "$state/base_vm" ] || vm=$(cat "$state/base_vm")
	run VBoxManage snapshot "$vm" delete mptb
}
