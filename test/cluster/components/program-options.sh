# What go.mod cannot say about the build of $package; read by hack/programs/programs.sh.
case $package in
go.etcd.io/etcd/server/v3) name=etcd ;;
k8s.io/kubernetes/*)
    # Without these a component calls itself v0.0.0-master+$Format:%H$, and clients that compare
    # versions refuse it.
    ldflags="$ldflags -X k8s.io/component-base/version.gitVersion=$version
        -X k8s.io/component-base/version.gitMajor=$major -X k8s.io/component-base/version.gitMinor=$minor"
    ;;
esac
